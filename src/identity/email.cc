#include "identity/email.h"

#include "identity/text.h"

namespace guarita::identity {

std::optional<Email> parse_email(std::string_view text) {
  const std::string_view trimmed = trim_ascii(text);
  if (trimmed.empty() || trimmed.size() > kEmailBytesMax || !is_printable(trimmed)) {
    return std::nullopt;
  }
  if (trimmed.find_first_of(" <>()[]\\,;:\"") != std::string_view::npos) return std::nullopt;
  const std::size_t at = trimmed.find('@');
  if (at == std::string_view::npos || at == 0 || trimmed.find('@', at + 1) != trimmed.npos) {
    return std::nullopt;
  }
  const std::string_view domain = trimmed.substr(at + 1);
  if (domain.empty() || domain.front() == '.' || domain.back() == '.' ||
      domain.find("..") != domain.npos) {
    return std::nullopt;
  }
  return Email{.written = std::string(trimmed), .folded = fold_ascii(trimmed)};
}

}  // namespace guarita::identity
