#include "identity/password.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>
#include <utility>
#include <vector>

#include "identity/identity.h"
#include "identity/text.h"

namespace guarita::identity {
namespace {

constexpr char kList[] = {
#embed "common_passwords.txt"
};

using Words = std::vector<std::string_view>;

// The list is a text file in the binary: sorted once, never copied.
const Words& common_words() {
  static const Words words = [] {
    Words found;
    std::string_view rest(kList, sizeof kList);
    while (!rest.empty()) {
      const std::size_t end = std::min(rest.find('\n'), rest.size());
      const std::string_view word = trim_ascii(rest.substr(0, end));
      if (!word.empty() && word.front() != '#') found.push_back(word);
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    std::ranges::sort(found);
    const auto repeats = std::ranges::unique(found);
    found.erase(repeats.begin(), repeats.end());
    return found;
  }();
  return words;
}

// A working copy of what was typed: wiped when it goes.
template <class Text>
struct Wiped {
  Text text;
  explicit Wiped(Text t) : text(std::move(t)) {}
  Wiped(const Wiped&) = delete;
  Wiped& operator=(const Wiped&) = delete;
  ~Wiped() { explicit_bzero(text.data(), text.size() * sizeof(typename Text::value_type)); }
};

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || static_cast<unsigned char>(c) >= 0x80;
}

// What people put around a word to please a rule: "!flamengo2024#" is "flamengo". At most eight
// characters of it (a date of birth and no more): the rest of a random password stays.
constexpr std::size_t kAroundMax = 8;

std::string_view without_tail(std::string_view folded) {
  std::string_view word = folded;
  while (!word.empty() && !is_letter(word.back())) word.remove_suffix(1);
  return folded.size() - word.size() <= kAroundMax ? word : folded;
}

std::string_view bare(std::string_view folded) {
  std::string_view word = without_tail(folded);
  while (!word.empty() && !is_letter(word.front())) word.remove_prefix(1);
  return folded.size() - word.size() <= kAroundMax ? word : folded;
}

std::string without_leet(std::string_view folded) {
  constexpr std::string_view kSigns = "@4301$5!7";
  constexpr std::string_view kLetters = "aaeoissit";
  std::string plain(folded);
  for (char& c : plain) {
    if (const std::size_t at = kSigns.find(c); at != kSigns.npos) c = kLetters[at];
  }
  return plain;
}

bool is_repeated(const std::u32string& points) {
  const auto is_one_of_two = [first = points.front(),
                              other = std::optional<char32_t>()](char32_t c) mutable {
    if (c != first && !other) other = c;
    return c == first || c == *other;
  };
  if (std::ranges::all_of(points, is_one_of_two)) return true;
  for (std::size_t unit = 1; unit <= 4 && unit * 2 <= points.size(); ++unit) {
    if (std::equal(points.begin() + static_cast<std::ptrdiff_t>(unit), points.end(),
                   points.begin())) {
      return true;
    }
  }
  return false;
}

// Does b follow a on a row, forwards or backwards? On some rows it is both: n and m.
struct Step {
  bool forwards = false, backwards = false;
};
Step step_between(char32_t a, char32_t b) {
  constexpr std::array<std::u32string_view, 6> kRows{U"abcdefghijklmnopqrstuvwxyz",
                                                     U"01234567890",
                                                     U"qwertyuiop",
                                                     U"asdfghjklç",
                                                     U"zxcvbnm",
                                                     U"azertyuiop"};
  Step step;
  for (const std::u32string_view row : kRows) {
    for (std::size_t i = 0; i + 1 < row.size(); ++i) {
      step.forwards |= row[i] == a && row[i + 1] == b;
      step.backwards |= row[i] == b && row[i + 1] == a;
    }
  }
  return step;
}

// Nothing but runs of three or more: "qwerty123456", "abc12345", "zxcvbnm321".
bool is_sequence(const std::u32string& points) {
  std::size_t i = 0;
  while (i < points.size()) {
    std::size_t run = 1;
    Step so_far{.forwards = true, .backwards = true};
    for (; i + run < points.size(); ++run) {
      const Step step = step_between(points[i + run - 1], points[i + run]);
      const Step both{.forwards = so_far.forwards && step.forwards,
                      .backwards = so_far.backwards && step.backwards};
      if (!both.forwards && !both.backwards) break;
      so_far = both;
    }
    if (run < 3) return false;
    i += run;
  }
  return true;
}

// p@ssw0rd first, or the digits around it first: "s3nh4123" and "4dm1n123" need one each.
bool is_common(std::string_view folded) {
  for (const std::string_view word : {folded, without_tail(folded), bare(folded)}) {
    if (is_common_password(word)) return true;
    const Wiped plain(without_leet(word));
    if (is_common_password(plain.text) || is_common_password(bare(plain.text))) return true;
  }
  return false;
}

bool is_of_email(std::string_view folded, std::string_view email) {
  constexpr std::size_t kNameMin = 3;  // "me@x.org" must not refuse "me"
  const std::string address = fold_ascii(email);
  const auto at = std::min(address.find('@'), address.size());
  const std::string_view local = std::string_view(address).substr(0, at);
  const std::string_view domain =
      std::string_view(address).substr(std::min(at + 1, address.size()));
  const std::string_view company = domain.substr(0, std::min(domain.find('.'), domain.size()));
  const std::string_view word = bare(folded);
  for (const std::string_view name :
       {std::string_view(address), local, domain, company, std::string_view("guarita")}) {
    if (name.size() >= kNameMin && (folded == name || word == name || word == bare(name))) {
      return true;
    }
  }
  return false;
}

}  // namespace

bool is_common_password(std::string_view folded) {
  return std::ranges::binary_search(common_words(), folded);
}

std::size_t common_passwords() {
  return common_words().size();
}

std::string_view word_of(PasswordFault fault) {
  switch (fault) {
    case PasswordFault::NotText: return "not_text";
    case PasswordFault::TooShort: return "too_short";
    case PasswordFault::TooLong: return "too_long";
    case PasswordFault::Repeated: return "repeated";
    case PasswordFault::Sequence: return "sequence";
    case PasswordFault::Common: return "common";
    case PasswordFault::Email: return "email";
    case PasswordFault::Same: return "same";
  }
  return "common";
}

std::string_view sentence_of(PasswordFault fault) {
  switch (fault) {
    case PasswordFault::NotText: return "the password is not valid UTF-8";
    case PasswordFault::TooShort: return "the password has fewer than 8 characters";
    case PasswordFault::TooLong: return "the password has more than 128 characters";
    case PasswordFault::Repeated: return "the password repeats the same few characters";
    case PasswordFault::Sequence: return "the password is a run along the keyboard or the alphabet";
    case PasswordFault::Common: return "the password is among the first that attackers try";
    case PasswordFault::Email: return "the password is your address, its domain or our name";
    case PasswordFault::Same: return "the new password is the present one";
  }
  return "the password is too easy to guess";
}

std::optional<PasswordFault> check_password(std::string_view password, std::string_view email) {
  static_assert(kPasswordCharactersMin == 8 && kPasswordCharactersMax == 128);
  if (password.size() > kPasswordCharactersMax * 4) return PasswordFault::TooLong;
  auto decoded = decode_utf8(password);
  if (!decoded) return PasswordFault::NotText;
  const Wiped points(std::move(*decoded));
  if (points.text.size() < kPasswordCharactersMin) return PasswordFault::TooShort;
  if (points.text.size() > kPasswordCharactersMax) return PasswordFault::TooLong;
  const Wiped folded(fold_ascii(password));
  const Wiped letters(decode_utf8(folded.text).value_or(U""));
  if (is_repeated(letters.text)) return PasswordFault::Repeated;
  if (is_sequence(letters.text)) return PasswordFault::Sequence;
  if (is_common(folded.text)) return PasswordFault::Common;
  if (is_of_email(folded.text, email)) return PasswordFault::Email;
  return std::nullopt;
}

}  // namespace guarita::identity
