#include "admin/json.h"

#include <boost/json/parse.hpp>

namespace guarita::admin {
namespace json = boost::json;
namespace {

// The store keeps these as JSON text of its own making.
json::value parsed_or_null(const std::string& text) {
  boost::system::error_code error;
  json::value value = json::parse(text, error);
  return error || !value.is_object() ? json::value() : value;
}

std::string_view text_of(store::AuditFault fault) {
  switch (fault) {
    case store::AuditFault::Edited: return "edited";
    case store::AuditFault::BrokenLink: return "broken_link";
    case store::AuditFault::Gap: return "gap";
    case store::AuditFault::PersonalEdit: return "personal_edit";
    case store::AuditFault::WrongEnd: return "wrong_end";
    case store::AuditFault::HeadNotFound: return "head_not_found";
  }
  return "edited";
}

}  // namespace

json::value json_of(const std::optional<Time>& time) {
  return time ? json::value(format_rfc3339(*time)) : json::value();
}

json::value text_or_null(std::string_view text) {
  return text.empty() ? json::value() : json::value(text);
}

std::string text_in(const std::optional<std::string>& object, std::string_view name) {
  if (!object) return {};
  const json::value value = parsed_or_null(*object);
  if (!value.is_object()) return {};
  const auto* found = value.get_object().if_contains(name);
  return found != nullptr && found->is_string() ? std::string(found->get_string()) : std::string();
}

json::array json_of(const std::vector<std::string>& texts) {
  json::array array;
  for (const std::string& text : texts) array.emplace_back(text);
  return array;
}

json::object json_of(const control::Receipt& receipt) {
  json::value ms, us;
  if (receipt.took) {
    ms = std::chrono::floor<Millis>(*receipt.took).count();
    us = receipt.took->count();
  }
  return {{"revision", receipt.revision},
          {"changed", receipt.changed},
          {"complete", receipt.complete},
          {"in_force",
           {{"nodes", receipt.nodes},
            {"of", receipt.of},
            {"at", json_of(receipt.at)},
            {"ms", ms},
            {"us", us}}},
          {"streams_closed", receipt.streams_closed}};
}

json::object json_of(const store::TokenRow& token) {
  return {{"id", token.key.text()},
          {"state", policy::text_of(token.state)},
          {"hint", token.hint},
          {"weak", token.weak},
          {"created_at", format_rfc3339(token.created_at)},
          {"expires_at", json_of(token.expires_at)},
          {"retires_at", json_of(token.retires_at)},
          {"ended_at", json_of(token.ended_at)},
          {"last_used_at", json_of(token.last_used_at)}};
}

json::object json_of(const control::AccountView& account) {
  json::array tokens;
  for (const store::TokenRow& token : account.tokens) tokens.push_back(json_of(token));
  return {{"id", account.row.id},
          {"name", account.row.name},
          {"mode", policy::text_of(account.mode)},
          {"enforce", account.row.enforce},
          {"tokens", std::move(tokens)},
          {"ip_entries", account.ip_entries},
          {"revision", account.row.revision},
          {"created_at", format_rfc3339(account.row.created_at)}};
}

json::object json_of(const store::InstanceRow& instance) {
  return {{"id", instance.id},
          {"account", instance.account_id},
          {"name", instance.name},
          {"upstream", text_or_null(instance.upstream)},
          {"has_instance_token", instance.token.has_value()},
          {"revision", instance.revision},
          {"created_at", format_rfc3339(instance.created_at)}};
}

json::object json_of(const control::IpListView& list) {
  json::array entries;
  for (const control::IpEntryText& entry : list.entries) {
    entries.push_back({{"cidr", entry.cidr}, {"note", entry.note.value_or("")}});
  }
  return {{"entries", std::move(entries)}, {"revision", list.revision}};
}

json::object json_of(const store::UnknownInstanceRow& row) {
  return {{"instance", row.id},
          {"first_seen", format_rfc3339(row.first_seen)},
          {"last_seen", format_rfc3339(row.last_seen)},
          {"requests", row.count}};
}

json::object json_of(const store::AdminTokenRow& token) {
  const std::string scope = token.account ? "account:" + token.account_id : token.scope;
  return {{"id", token.key.text()},
          {"name", token.name},
          {"scope", scope},
          {"created_at", format_rfc3339(token.created_at)},
          {"last_used_at", json_of(token.last_used_at)},
          {"revoked_at", json_of(token.revoked_at)}};
}

json::object json_of(const store::AuditRow& row) {
  json::value detail = parsed_or_null(row.detail);
  if (detail.is_null()) detail = json::object();
  return {{"seq", row.seq},
          {"revision", row.revision},
          {"at", format_rfc3339(row.at)},
          {"verb", row.verb},
          {"subject", row.subject},
          {"detail", std::move(detail)},
          {"actor",
           {{"kind", row.actor_kind},
            {"name", row.actor_name},
            {"email", text_or_null(text_in(row.personal, "email"))},
            {"request_id", row.request_id}}},
          {"personal", row.personal ? parsed_or_null(*row.personal) : json::value()},
          {"hash", crypto::hex(row.hash)}};
}

json::object json_of(const store::AuditReport& report) {
  json::array findings;
  for (const store::AuditFinding& finding : report.findings) {
    findings.push_back(
        {{"fault", text_of(finding.fault)}, {"seq", finding.seq}, {"text", finding.text}});
  }
  return {{"ok", report.findings.empty()},
          {"rows", report.rows},
          {"head", {{"seq", report.head.seq}, {"hash", crypto::hex(report.head.hash)}}},
          {"findings", std::move(findings)}};
}

namespace {

json::array classes_of(const control::Evidence& evidence) {
  json::array classes;
  for (const auto& entry : evidence.classes) {
    classes.push_back({{"class", entry.name},
                       {"requests", entry.requests},
                       {"refused", entry.refused},
                       {"why", text_or_null(entry.why)}});
  }
  return classes;
}

json::array places_of(const control::Evidence& evidence) {
  json::array places;
  for (const auto& place : evidence.places) {
    places.push_back({{"instance", place.instance_id},
                      {"class", place.class_name},
                      {"requests", place.requests}});
  }
  return places;
}

}  // namespace

json::object json_of(const control::InstanceView& view) {
  json::object object = json_of(view.row);
  object["mode"] = policy::text_of(view.mode);
  object["last_call_at"] = json_of(view.activity.last_call);
  object["requests_24h"] = view.activity.requests;
  return object;
}

json::object json_of(const control::ActivationCheck& check) {
  json::value since_generation;
  if (const auto& since = check.since_generation) {
    since_generation = {{"since", format_rfc3339(since->since)},
                        {"accepted", since->accepted},
                        {"refused", since->refused},
                        {"classes", classes_of(*since)},
                        {"places", places_of(*since)}};
  }
  const json::value problem =
      check.problem ? json::value(row_of(code_for(check.problem->code)).name) : json::value();
  return {{"dry_run", true},
          {"account", check.account_id},
          {"mode", policy::text_of(check.mode)},
          {"since", format_rfc3339(check.since)},
          {"until", format_rfc3339(check.until)},
          {"requests", check.accepted + check.refused},
          {"accepted", check.accepted},
          {"refused", check.refused},
          {"classes", classes_of(check)},
          {"instances", places_of(check)},
          {"since_generation", std::move(since_generation)},
          {"problem", problem}};
}

json::object json_of(const control::CheckAnswer& answer) {
  return {{"decision", answer.allow ? "allow" : "deny"},
          {"reason", answer.reason},
          {"class", answer.token_class},
          {"mode", policy::text_of(answer.mode)},
          {"account", text_or_null(answer.account_id)},
          {"upstream", text_or_null(answer.upstream)},
          {"why", answer.why},
          {"revision", answer.revision}};
}

std::string etag_of(store::Revision revision) {
  return '"' + std::to_string(revision) + '"';
}

Reply done(json::object body, const control::Receipt& receipt, unsigned status) {
  Reply reply{.status = status, .body = nullptr, .headers = {}};
  if (!receipt.complete) {
    reply.status = 202;
    reply.headers.emplace_back("Location", "/v1/receipts/" + std::to_string(receipt.revision));
  }
  body["receipt"] = json_of(receipt);
  reply.body = std::move(body);
  return reply;
}

Reply with_etag(Reply reply, store::Revision revision) {
  reply.headers.emplace_back("ETag", etag_of(revision));
  return reply;
}

}  // namespace guarita::admin
