// Values of control and store as the API shows them (schemas of openapi.json).
#pragma once

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <optional>
#include <string>

#include "admin/call.h"
#include "control/control.h"

namespace guarita::admin {

boost::json::object json_of(const control::Receipt& receipt);
boost::json::object json_of(const store::TokenRow& token);
boost::json::object json_of(const control::AccountView& account);
boost::json::object json_of(const store::InstanceRow& instance);
boost::json::object json_of(const control::InstanceView& view);
boost::json::object json_of(const control::IpListView& list);
boost::json::object json_of(const store::UnknownInstanceRow& row);
boost::json::object json_of(const store::AdminTokenRow& token);
boost::json::object json_of(const store::AuditRow& row);
boost::json::object json_of(const store::AuditReport& report);
boost::json::object json_of(const control::ActivationCheck& check);
boost::json::object json_of(const control::CheckAnswer& answer);

boost::json::object json_of(const store::UserRow& user);  // as operators see it (session_json.cc)

boost::json::value json_of(const std::optional<Time>& time);
boost::json::value text_or_null(std::string_view text);
// The text of that name in a JSON object that the store made; "" when there is none.
std::string text_in(const std::optional<std::string>& object, std::string_view name);
boost::json::array json_of(const std::vector<std::string>& texts);

template <class Row>
boost::json::object page_of(const std::vector<Row>& rows, const std::string& next) {
  boost::json::array items;
  for (const Row& row : rows) items.push_back(json_of(row));
  return {{"items", std::move(items)},
          {"next_cursor", next.empty() ? boost::json::value() : boost::json::value(next)}};
}

std::string etag_of(store::Revision revision);
// 200 (or `status`) when the change is in force, else 202 and where to ask again. `body` gets the
// receipt.
Reply done(boost::json::object body, const control::Receipt& receipt, unsigned status = 200);
Reply with_etag(Reply reply, store::Revision revision);

}  // namespace guarita::admin
