#include "admin/json.h"
#include "admin/routes.h"

namespace guarita::admin {
namespace {

std::optional<crypto::Digest> parse_digest(std::string_view hex) {
  crypto::Digest digest{};
  if (hex.size() != 2 * digest.size()) return std::nullopt;
  for (std::size_t i = 0; i < digest.size(); ++i) {
    unsigned value = 0;
    for (const char c : hex.substr(2 * i, 2)) {
      const std::string_view digits = "0123456789abcdef";
      const auto at = digits.find(c);
      if (at == std::string_view::npos) return std::nullopt;
      value = value * 16 + static_cast<unsigned>(at);
    }
    digest[i] = static_cast<std::uint8_t>(value);
  }
  return digest;
}

}  // namespace

Answer list_audit(const Call& call) {
  const auto page = call.page();
  if (!page) return Err<Problem>(page.error());
  const auto rows = call.control.audit(*page);
  if (!rows) return Err<Problem>(problem_of(rows.error()));
  return Reply{.body = page_of(rows->rows, rows->next)};
}

Answer verify_audit(const Call& call) {
  std::optional<crypto::Digest> head;
  if (const auto text = call.in_query("head")) {
    head = parse_digest(*text);
    if (!head) return Err<Problem>(bad_member("head", "a head is 64 lower-case hex digits"));
  }
  const auto report = call.control.verify_audit(head);
  if (!report) return Err<Problem>(problem_of(report.error()));
  return Reply{.body = json_of(*report)};
}

}  // namespace guarita::admin
