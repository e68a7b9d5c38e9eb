#include "http/admit.h"

#include "http/list.h"

namespace guarita::http {
namespace {

// Our pseudonym as a whole word of a Via line (RFC 9110 §7.6.3), comments included: a false alarm
// there can only be one that the sender wrote.
bool names_us(std::string_view line, std::string_view via_name) {
  for (std::size_t at = 0; at + via_name.size() <= line.size(); ++at) {
    if (!equal_ignoring_case(line.substr(at, via_name.size()), via_name)) continue;
    const auto part_of_word = [line](std::size_t i) {
      return i < line.size() && (byte_class(line[i]) & kTokenBit) != 0;
    };
    if ((at == 0 || !part_of_word(at - 1)) && !part_of_word(at + via_name.size())) return true;
  }
  return false;
}

bool is_loop(const Fields& fields, std::string_view via_name) {
  if (via_name.empty() || !fields.present(HeaderId::Via)) return false;
  for (const FieldEntry& entry : fields.entries())
    if (entry.id == HeaderId::Via && names_us(fields.view(entry.value), via_name)) return true;
  return false;
}

// 1*DIGIT; more than 9 digits count as many hops.
bool read_hops(std::string_view text, std::int64_t& hops) {
  if (text.empty() || text.size() > 9) return false;
  hops = 0;
  for (const char c : text) {
    if (!is_digit(c)) return false;
    hops = hops * 10 + (c - '0');
  }
  return true;
}

}  // namespace

NameSet make_read_names(const std::vector<std::string>& configured) {
  NameSet names({"host", "content-length", "transfer-encoding", "expect", "via", "max-forwards",
                 "connection"});
  for (const std::string& name : configured) names.add(name);
  return names;
}

Admitted admit(const RequestHead& head, const AdmitRules& rules) {
  Admitted admitted;
  if (head.method == Method::Trace || head.method == Method::Connect) {
    admitted.error = ErrorCode::MethodNotAllowed;
    return admitted;
  }
  if (head.connection_lists &&
      !each_element(head.fields, HeaderId::Connection,
                    [&rules](std::string_view name) { return !rules.read_names.contains(name); })) {
    admitted.error = ErrorCode::ConnectionNamesRead;
    return admitted;
  }
  if (is_loop(head.fields, rules.via_name)) {
    admitted.error = ErrorCode::Loop;
    return admitted;
  }
  if (head.method != Method::Options) return admitted;
  const FieldLines hops = head.fields.lines(HeaderId::MaxForwards);
  if (hops.none()) return admitted;
  std::int64_t left = 0;
  if (hops.many() || !read_hops(hops.value, left)) {
    admitted.error = ErrorCode::BadMaxForwards;
    return admitted;
  }
  admitted.answer_here = left == 0;
  admitted.max_forwards = left - 1;
  return admitted;
}

}  // namespace guarita::http
