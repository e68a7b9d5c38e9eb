// Many accounts and instances in one request, and the way out: every row as a batch takes it.
#include <array>
#include <boost/json/monotonic_resource.hpp>
#include <boost/json/parse.hpp>
#include <map>
#include <span>

#include "admin/body.h"
#include "admin/json.h"
#include "admin/routes.h"
#include "control/batch.h"

namespace guarita::admin {
namespace json = boost::json;
namespace {

using control::BatchItem;

constexpr std::size_t kUpstreamBytesMax = 2048;
constexpr std::size_t kInstanceTokenBytesMax = 256;
constexpr std::size_t kTextBytesMax = 256;  // ids and names; control's bounds are tighter

// The first `out.size()` bytes that `hex` names; false when it does not.
bool read_hex(std::string_view hex, std::span<std::uint8_t> out) {
  const auto digit = [](char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
  };
  for (const char c : hex) {
    if (digit(c) < 0) return false;
  }
  for (std::size_t i = 0; i < out.size(); ++i) {
    out[i] = static_cast<std::uint8_t>(digit(hex[2 * i]) << 4 | digit(hex[2 * i + 1]));
  }
  return true;
}

// Reads one row by its members' names; what is wrong is remembered, the first of it.
class RowReader {
 public:
  BatchItem read(const json::value& row) {
    BatchItem item;
    if (!row.is_object()) {
      fail("items", "every item is an object");
      return item;
    }
    const json::object& members = row.get_object();
    const auto* instance = members.if_contains("instance");
    item.kind = instance == nullptr ? BatchItem::Kind::Account : BatchItem::Kind::Instance;
    for (const auto& member : members) {
      const std::string_view name = member.key();
      const bool known = item.kind == BatchItem::Kind::Instance
                             ? of_instance(item, name, member.value())
                             : of_account(item, name, member.value());
      if (!known) fail(name.substr(0, 64), "this item has no such member");
    }
    if (item.kind == BatchItem::Kind::Account && !members.contains("account")) {
      fail("account", "an item names an account or an instance");
    }
    if (item.instance_token && item.instance_token_digest) {
      fail("instance_token", "give the instance token or its digest, not both");
    }
    return item;
  }
  std::optional<control::Error> wrong;

 private:
  bool of_account(BatchItem& item, std::string_view name, const json::value& value) {
    if (name == "account") return text(name, value, kTextBytesMax, item.id);
    if (name == "cascade") return flag(name, value, item.cascade);
    if (name == "enforce") {
      if (flag(name, value, item.enforce) && !item.enforce) {
        fail(name, "'enforce' can only be true here: leave it out, and it stays as it is");
      }
      return true;
    }
    if (name == "token_sha256") return digest(name, value, 64, item.account_token.emplace());
    return of_both(item, name, value);
  }
  bool of_instance(BatchItem& item, std::string_view name, const json::value& value) {
    if (name == "instance") return text(name, value, kTextBytesMax, item.id);
    if (name == "account") return text(name, value, kTextBytesMax, item.account_id.emplace());
    if (name == "force") return flag(name, value, item.force);
    if (name == "upstream") {
      item.upstream.emplace();
      return value.is_null() || text(name, value, kUpstreamBytesMax, *item.upstream);
    }
    if (name == "instance_token") {
      item.instance_token.emplace();
      if (value.is_null()) return true;
      std::string token;
      text(name, value, kInstanceTokenBytesMax, token);
      item.instance_token->emplace(std::move(token));
      return true;
    }
    if (name == "instance_token_sha256") {
      return digest(name, value, 32, item.instance_token_digest.emplace());
    }
    return of_both(item, name, value);
  }
  bool of_both(BatchItem& item, std::string_view name, const json::value& value) {
    if (name == "name") return text(name, value, kTextBytesMax, item.name.emplace());
    if (name == "delete") return flag(name, value, item.remove);
    return false;
  }

  bool text(std::string_view name, const json::value& value, std::size_t bytes_max,
            std::string& out) {
    if (!value.is_string() || value.get_string().size() > bytes_max) {
      fail(name, "'" + std::string(name) + "' must be a string of at most " +
                     std::to_string(bytes_max) + " bytes");
    } else {
      out = value.get_string();
    }
    return true;
  }
  bool flag(std::string_view name, const json::value& value, bool& out) {
    if (value.is_bool()) {
      out = value.get_bool();
    } else {
      fail(name, "'" + std::string(name) + "' must be true or false");
    }
    return true;
  }
  // Of `least` or 64 hex digits.
  bool digest(std::string_view name, const json::value& value, std::size_t least,
              std::span<std::uint8_t> out) {
    const bool fits = value.is_string() &&
                      (value.get_string().size() == 64 || value.get_string().size() == least) &&
                      read_hex(value.get_string(), out);
    if (!fits) fail(name, "'" + std::string(name) + "' is a SHA-256 in 64 hex digits");
    return true;
  }
  void fail(std::string_view name, std::string detail) {
    if (wrong) return;
    wrong = control::Error{.code = control::ErrorCode::InvalidRequest,
                           .detail = std::move(detail),
                           .member = std::string(name),
                           .suggestion = {},
                           .remedy = {},
                           .revision = 0};
  }
};

struct Read {
  std::vector<BatchItem> items;         // those that can be read
  std::vector<std::size_t> places;      // their indices in the request
  std::vector<control::ItemError> bad;  // the others
  bool dry_run = false;
};

Result<Read, Problem> read_items(const net::AdminRequest& request) {
  const auto type = request.header("Content-Type");
  if (!type || !is_json(*type)) {
    return Err<Problem>(
        problem(Code::UnsupportedMediaType, "the body's Content-Type is not application/json"));
  }
  json::monotonic_resource memory(request.body.size() * 2 + 1024);
  boost::system::error_code error;
  const json::value body = json::parse(request.body, error, &memory);
  if (error) return Err<Problem>(bad_member("body", "the body is not JSON: " + error.message()));
  if (!body.is_object()) return Err<Problem>(bad_member("body", "the body must be a JSON object"));
  Read read;
  const json::array* rows = nullptr;
  for (const auto& member : body.get_object()) {
    const std::string_view name = member.key();
    if (name == "items" && member.value().is_array()) {
      rows = &member.value().get_array();
    } else if (name == "dry_run" && member.value().is_bool()) {
      read.dry_run = member.value().get_bool();
    } else {
      return Err<Problem>(bad_member(name.substr(0, 64),
                                     "a batch has 'items', a list, and "
                                     "'dry_run', true or false"));
    }
  }
  if (rows == nullptr || rows->size() > control::kBatchItemsMax) {
    return Err<Problem>(bad_member(
        "items", "'items' is a list of at most " + std::to_string(control::kBatchItemsMax)));
  }
  read.items.reserve(rows->size());
  read.places.reserve(rows->size());
  for (std::size_t i = 0; i < rows->size(); ++i) {
    RowReader reader;
    BatchItem item = reader.read((*rows)[i]);
    if (reader.wrong) {
      read.bad.push_back({i, std::move(*reader.wrong)});
    } else {
      read.items.push_back(std::move(item));
      read.places.push_back(i);
    }
  }
  return read;
}

std::string_view text_of(control::ItemResult result) {
  switch (result) {
    case control::ItemResult::Created: return "created";
    case control::ItemResult::Updated: return "updated";
    case control::ItemResult::Unchanged: return "unchanged";
    case control::ItemResult::Deleted: return "deleted";
    case control::ItemResult::Failed: return "failed";
  }
  return "failed";
}

json::object json_of_error(std::size_t index, const control::Error& error) {
  const Problem shown = problem_of(error);
  return {{"index", index},
          {"code", row_of(shown.code).name},
          {"detail", shown.detail},
          {"member", text_or_null(error.member)}};
}

}  // namespace

Answer apply_batch(const Call& call) {
  auto read = read_items(call.request);
  if (!read) return Err<Problem>(read.error());
  const auto dry_run = read->dry_run ? control::DryRun::Yes : control::DryRun::No;
  const auto outcome = call.control.apply_batch(call.asked(), read->items, dry_run);
  if (!outcome) return Err<Problem>(problem_of(outcome.error()));

  std::vector<control::ItemResult> results(read->items.size() + read->bad.size(),
                                           control::ItemResult::Failed);
  for (std::size_t i = 0; i < outcome->results.size(); ++i) {
    results[read->places[i]] = outcome->results[i];
  }
  std::array<std::uint64_t, 5> counts{};
  json::array words;
  words.reserve(results.size());
  for (const control::ItemResult result : results) {
    ++counts[static_cast<std::size_t>(result)];
    words.emplace_back(text_of(result));
  }
  std::map<std::size_t, json::object> by_place;
  for (const auto& [index, error] : read->bad) by_place[index] = json_of_error(index, error);
  for (const auto& [at, error] : outcome->errors) {
    by_place[read->places[at]] = json_of_error(read->places[at], error);
  }
  json::array errors;
  for (auto& [index, error] : by_place) errors.push_back(std::move(error));
  json::object sums;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    sums[text_of(static_cast<control::ItemResult>(i))] = counts[i];
  }
  return done({{"dry_run", read->dry_run},
               {"counts", std::move(sums)},
               {"results", std::move(words)},
               {"errors", std::move(errors)}},
              outcome->receipt);
}

Answer export_rows(const Call& call) {
  const auto page = call.page();
  if (!page) return Err<Problem>(page.error());
  const std::string of = call.in_query("of").value_or("");
  json::array items;
  std::string next;
  if (of == "accounts") {
    const auto rows = call.control.account_rows(*page);
    if (!rows) return Err<Problem>(problem_of(rows.error()));
    for (const store::AccountRow& row : rows->rows) {
      items.push_back({{"account", row.id}, {"name", row.name}});
    }
    next = rows->next;
  } else if (of == "instances") {
    const auto rows = call.control.instances({.account_id = {}, .search = {}, .page = *page});
    if (!rows) return Err<Problem>(problem_of(rows.error()));
    for (const store::InstanceRow& row : rows->rows) {
      json::object item{{"instance", row.id},
                        {"account", row.account_id},
                        {"name", row.name},
                        {"upstream", row.upstream}};
      if (row.token) item["instance_token_sha256"] = crypto::hex(*row.token);
      items.push_back(std::move(item));
    }
    next = rows->next;
  } else {
    return Err<Problem>(bad_member("of", "'of' is accounts or instances"));
  }
  return Reply{.body = {{"items", std::move(items)}, {"next_cursor", text_or_null(next)}}};
}

}  // namespace guarita::admin
