#include "http/names.h"

#include <algorithm>
#include <array>
#include <bit>

#include "http/scan.h"

namespace guarita::http {
namespace {

constexpr std::uint32_t load4(const char* p) {
  const auto b = [p](int i) {
    return static_cast<std::uint32_t>(static_cast<std::uint8_t>(p[i]) | 0x20u) << (8 * i);
  };
  return b(0) | b(1) | b(2) | b(3);
}

// First four bytes, last four and the length: no loop over the name, and no two headers in use
// differ in their middle alone.
constexpr std::uint32_t print_of(std::string_view name) {
  std::uint32_t head = 0;
  std::uint32_t tail = 0;
  const std::size_t n = name.size();
  if (n >= 4) {
    head = load4(name.data());
    tail = load4(name.data() + n - 4);
  } else {
    for (const char c : name) head = (head << 8) | (static_cast<std::uint8_t>(c) | 0x20u);
  }
  std::uint32_t h = head * 0x9E3779B1u ^ std::rotl(tail * 0x85EBCA77u, 13);
  h += static_cast<std::uint32_t>(n) * 0xC2B2AE3Du;
  return h ^ (h >> 15);
}

struct Known {
  std::string_view name;
  HeaderId id;
};
constexpr std::array kKnown = {
    Known{"alt-svc", HeaderId::AltSvc},
    Known{"cache-control", HeaderId::CacheControl},
    Known{"cdn-cache-control", HeaderId::CdnCacheControl},
    Known{"connection", HeaderId::Connection},
    Known{"content-length", HeaderId::ContentLength},
    Known{"content-type", HeaderId::ContentType},
    Known{"date", HeaderId::Date},
    Known{"expect", HeaderId::Expect},
    Known{"forwarded", HeaderId::Forwarded},
    Known{"host", HeaderId::Host},
    Known{"http2-settings", HeaderId::Http2Settings},
    Known{"keep-alive", HeaderId::KeepAlive},
    Known{"max-forwards", HeaderId::MaxForwards},
    Known{"proxy-authenticate", HeaderId::ProxyAuthenticate},
    Known{"proxy-authorization", HeaderId::ProxyAuthorization},
    Known{"proxy-connection", HeaderId::ProxyConnection},
    Known{"surrogate-control", HeaderId::SurrogateControl},
    Known{"te", HeaderId::Te},
    Known{"trailer", HeaderId::Trailer},
    Known{"transfer-encoding", HeaderId::TransferEncoding},
    Known{"upgrade", HeaderId::Upgrade},
    Known{"vary", HeaderId::Vary},
    Known{"via", HeaderId::Via},
    Known{"x-forwarded-for", HeaderId::XForwardedFor},
};

constexpr std::size_t kKnownSlots = 128;
constexpr auto make_known_slots() {
  std::array<std::uint8_t, kKnownSlots> slots{};  // index + 1
  for (std::size_t i = 0; i < kKnown.size(); ++i) {
    std::size_t at = print_of(kKnown[i].name) % kKnownSlots;
    while (slots[at] != 0) at = (at + 1) % kKnownSlots;
    slots[at] = static_cast<std::uint8_t>(i + 1);
  }
  return slots;
}
constexpr auto kSlots = make_known_slots();
constexpr auto make_known_prints() {
  std::array<std::uint32_t, kKnown.size()> prints{};
  for (std::size_t i = 0; i < kKnown.size(); ++i) prints[i] = print_of(kKnown[i].name);
  return prints;
}
constexpr auto kPrints = make_known_prints();

}  // namespace

std::uint32_t fingerprint(std::string_view name) noexcept {
  return print_of(name);
}

HeaderId header_id(std::string_view name, std::uint32_t print) noexcept {
  for (std::size_t at = print % kKnownSlots; kSlots[at] != 0; at = (at + 1) % kKnownSlots) {
    const std::size_t i = kSlots[at] - 1u;
    if (kPrints[i] == print && equal_ignoring_case(kKnown[i].name, name)) return kKnown[i].id;
  }
  return HeaderId::Other;
}

bool equal_ignoring_case(std::string_view a, std::string_view b) noexcept {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i)
    if (lower(a[i]) != lower(b[i])) return false;
  return true;
}

bool is_token(std::string_view text) noexcept {
  std::uint8_t classes = 0;
  const char* end = text.data() + text.size();
  return !text.empty() && scan_token(text.data(), end, classes) == end;
}

std::string fold(std::string_view name) {
  std::string folded(name);
  for (char& c : folded) c = fold_byte(c);
  return folded;
}

bool folds_to(std::string_view name, std::string_view folded) noexcept {
  if (name.size() != folded.size()) return false;
  for (std::size_t i = 0; i < name.size(); ++i)
    if (fold_byte(name[i]) != folded[i]) return false;
  return true;
}

NameSet::NameSet(const std::vector<std::string>& names) {
  for (const std::string& name : names) insert(name);
  rebuild();
}

void NameSet::add(std::string_view name) {
  insert(name);
  rebuild();
}

void NameSet::insert(std::string_view name) {
  if (name.ends_with('*')) {
    prefixes_.push_back(fold(name.substr(0, name.size() - 1)));
  } else if (name.starts_with('*')) {
    suffixes_.push_back(fold(name.substr(1)));
  } else if (std::string folded = fold(name); std::ranges::find(names_, folded) == names_.end()) {
    names_.push_back(std::move(folded));
  }
}

void NameSet::rebuild() {
  if (names_.empty()) return;
  prints_.clear();
  for (const std::string& name : names_) prints_.push_back(fingerprint(name));
  slots_.assign(std::bit_ceil(names_.size() * 4), 0);
  const std::size_t mask = slots_.size() - 1;
  for (std::size_t i = 0; i < names_.size(); ++i) {
    std::size_t at = prints_[i] & mask;
    while (slots_[at] != 0) at = (at + 1) & mask;
    slots_[at] = static_cast<std::uint16_t>(i + 1);
  }
}

bool NameSet::contains(std::string_view name) const noexcept {
  std::uint8_t classes = 0;
  for (const char c : name) classes |= byte_class(c);
  return contains(name, fingerprint(name),
                  (classes & kAliasBit) != 0 ? AliasByte::Yes : AliasByte::No);
}

bool NameSet::contains(std::string_view name, std::uint32_t print, AliasByte alias) const noexcept {
  if (!slots_.empty()) {
    std::array<char, 128> folded;
    if (alias == AliasByte::Yes) {
      if (name.size() > folded.size()) {  // too long for the buffer: compared one by one
        if (std::ranges::any_of(names_, [name](const auto& n) { return folds_to(name, n); }))
          return true;
      } else {
        std::ranges::transform(name, folded.begin(), fold_byte);
        print = fingerprint({folded.data(), name.size()});
      }
    }
    const std::size_t mask = slots_.size() - 1;
    for (std::size_t at = print & mask; slots_[at] != 0; at = (at + 1) & mask) {
      const std::size_t i = slots_[at] - 1u;
      if (prints_[i] == print && folds_to(name, names_[i])) return true;
    }
  }
  for (const std::string& prefix : prefixes_)
    if (name.size() >= prefix.size() && folds_to(name.substr(0, prefix.size()), prefix))
      return true;
  for (const std::string& suffix : suffixes_)
    if (name.size() >= suffix.size() && folds_to(name.substr(name.size() - suffix.size()), suffix))
      return true;
  return false;
}

}  // namespace guarita::http
