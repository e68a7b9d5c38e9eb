// Values of keys: kinds and ranges.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "app/config_key.h"

namespace guarita::app {
namespace {

std::optional<std::uint64_t> parse_whole(std::string_view text) {
  std::uint64_t out = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (error != std::errc{} || end != text.data() + text.size() || text.empty()) return {};
  return out;
}

// "65536", "64KiB", "1 MiB", "2GiB".
std::optional<std::uint64_t> parse_bytes(std::string_view text) {
  constexpr std::pair<std::string_view, unsigned> kUnits[] = {
      {"KiB", 10}, {"MiB", 20}, {"GiB", 30}, {"TiB", 40}};
  unsigned shift = 0;
  for (const auto& [unit, bits] : kUnits) {
    if (!text.ends_with(unit)) continue;
    text.remove_suffix(unit.size());
    while (text.ends_with(' ')) text.remove_suffix(1);
    shift = bits;
  }
  const auto count = parse_whole(text);
  if (!count || *count > (UINT64_MAX >> shift)) return {};
  return *count << shift;
}

std::string_view kind_of(const Raw& raw) {
  constexpr std::array<std::string_view, 5> kNames{"text", "a number", "true or false", "a list",
                                                   "a table"};
  return kNames[raw.index()];
}

Rejected wrong_kind(const Raw& raw, std::string_view wanted) {
  return {fmt::format("is {}, not {}", kind_of(raw), wanted), {}};
}

std::optional<Rejected> set_number(const KeyInfo& key, Slot slot, std::uint64_t n) {
  if (n < key.min || n > key.max) {
    const auto show = [&](std::uint64_t value) {
      if (key.kind == Kind::Bytes) return bytes_text(value);
      if (key.kind == Kind::Duration) return format_duration(Millis(value));
      return std::to_string(value);
    };
    return Rejected{fmt::format("{} is too {}", show(n), n < key.min ? "small" : "large"), {}};
  }
  if (auto* const* wide = std::get_if<std::uint64_t*>(&slot)) **wide = n;
  if (auto* const* narrow = std::get_if<std::uint32_t*>(&slot)) {
    **narrow = static_cast<std::uint32_t>(n);
  }
  if (auto* const* millis = std::get_if<Millis*>(&slot)) {
    **millis = Millis(static_cast<Millis::rep>(n));
  }
  return {};
}

std::optional<Rejected> apply_number(const KeyInfo& key, Slot slot, const Raw& raw) {
  if (const auto* number = std::get_if<std::int64_t>(&raw)) {
    if (key.kind == Kind::Duration) return Rejected{"has no unit", {}};
    if (*number < 0) return Rejected{fmt::format("{} is negative", *number), {}};
    return set_number(key, slot, static_cast<std::uint64_t>(*number));
  }
  const auto* text = std::get_if<std::string>(&raw);
  if (text == nullptr) return wrong_kind(raw, "a number");
  if (key.kind == Kind::Duration) {
    const auto duration = parse_duration(*text);
    if (!duration) return Rejected{quote(*text) + " is no duration", {}};
    return set_number(key, slot, static_cast<std::uint64_t>(duration->count()));
  }
  const auto number = key.kind == Kind::Bytes ? parse_bytes(*text) : parse_whole(*text);
  if (!number) return Rejected{quote(*text) + " is no number", {}};
  return set_number(key, slot, *number);
}

std::optional<Rejected> apply_choice(const KeyInfo& key, Slot slot, const Raw& raw) {
  const auto* text = std::get_if<std::string>(&raw);
  if (text == nullptr) return wrong_kind(raw, "text");
  const auto at = std::ranges::find(key.choices, *text);
  if (at == key.choices.end()) {
    const std::vector<std::string> known(key.choices.begin(), key.choices.end());
    const std::string meant = did_you_mean(*text, known);
    return Rejected{quote(*text) + " is not one of them" +
                        (meant.empty() ? std::string() : "; did you mean " + quote(meant) + "?"),
                    {}};
  }
  *std::get<ChoiceSlot>(slot).index = static_cast<unsigned char>(at - key.choices.begin());
  return {};
}

std::optional<Rejected> apply_texts(const KeyInfo& key, Slot slot, const Raw& raw) {
  std::vector<std::string> texts;
  if (const auto* one = std::get_if<std::string>(&raw)) {
    texts.push_back(*one);
  } else if (const auto* many = std::get_if<std::vector<std::string>>(&raw)) {
    texts = *many;
  } else {
    return wrong_kind(raw, "a list of texts");
  }
  for (const std::string& text : texts) {
    if (key.check == nullptr) continue;
    if (std::string wrong = key.check(text); !wrong.empty()) {
      return Rejected{quote(text) + " " + wrong, Tell::Nothing};
    }
  }
  if (auto* const* cidrs = std::get_if<std::vector<Cidr>*>(&slot)) {
    (*cidrs)->clear();
    for (const std::string& text : texts) (*cidrs)->push_back(*parse_cidr(text));
    return {};
  }
  *std::get<std::vector<std::string>*>(slot) = std::move(texts);
  return {};
}

std::optional<Rejected> apply_headers(const KeyInfo& key, Slot slot, const Raw& raw,
                                      const Context& context) {
  const auto* pairs = std::get_if<TextPairs>(&raw);
  if (pairs == nullptr) return wrong_kind(raw, "a table");
  std::vector<HeaderSetting> headers;
  for (const auto& [name, text] : *pairs) {
    if (std::string wrong = key.check(name); !wrong.empty()) {
      return Rejected{quote(name) + " " + wrong, Tell::Nothing};
    }
    auto secret = resolve_secret(text, context);
    if (!secret) return Rejected{name + ": " + secret.error(), Tell::Nothing};
    const auto bad = [](unsigned char c) { return (c < 0x20 && c != '\t') || c == 0x7f; };
    if (std::ranges::any_of(secret->reveal(), bad)) {
      return Rejected{name + ": its value holds control characters", {}};
    }
    headers.push_back({name, std::make_shared<const Secret>(std::move(*secret))});
  }
  *std::get<std::vector<HeaderSetting>*>(slot) = std::move(headers);
  return {};
}

std::optional<Rejected> apply_text(const KeyInfo& key, Slot slot, const Raw& raw) {
  const auto* text = std::get_if<std::string>(&raw);
  if (text == nullptr) return wrong_kind(raw, "text");
  if (key.check != nullptr) {
    if (std::string wrong = key.check(*text); !wrong.empty()) {
      return Rejected{quote(*text) + " " + wrong, Tell::Nothing};
    }
  }
  *std::get<std::string*>(slot) = *text;
  return {};
}

std::optional<Rejected> apply_flag(Slot slot, const Raw& raw) {
  const auto* flag = std::get_if<bool>(&raw);
  if (flag == nullptr) return wrong_kind(raw, "true or false");
  if (auto* const* plain = std::get_if<bool*>(&slot)) {
    **plain = *flag;
  } else {
    *std::get<ChoiceSlot>(slot).index = *flag ? 1 : 0;
  }
  return {};
}

}  // namespace

std::optional<Rejected> apply(const KeyInfo& key, Slot slot, const Raw& raw,
                              const Context& context) {
  switch (key.kind) {
    case Kind::Text: return apply_text(key, slot, raw);
    case Kind::Flag: return apply_flag(slot, raw);
    case Kind::Choice: return apply_choice(key, slot, raw);
    case Kind::Count:
    case Kind::Bytes:
    case Kind::Duration: return apply_number(key, slot, raw);
    case Kind::Texts: return apply_texts(key, slot, raw);
    case Kind::Headers: return apply_headers(key, slot, raw, context);
  }
  return {};
}

std::string stored_text(Slot slot) {
  struct Show {
    std::string operator()(const std::string* text) const { return *text; }
    std::string operator()(const bool* flag) const { return *flag ? "true" : "false"; }
    std::string operator()(ChoiceSlot c) const { return std::to_string(*c.index); }
    std::string operator()(const std::uint32_t* n) const { return std::to_string(*n); }
    std::string operator()(const std::uint64_t* n) const { return std::to_string(*n); }
    std::string operator()(const Millis* d) const { return std::to_string(d->count()); }
    std::string operator()(const std::vector<std::string>* texts) const {
      return toml_text(Raw(*texts));
    }
    std::string operator()(const std::vector<Cidr>* cidrs) const {
      std::string out;
      for (const Cidr& cidr : *cidrs) out += format_cidr(cidr) + ",";
      return out;
    }
    std::string operator()(const std::vector<HeaderSetting>* headers) const {
      std::string out;
      for (const HeaderSetting& h : *headers) {
        out += h.name + "=" + crypto::hex(crypto::sha256(h.value->reveal())) + ",";
      }
      return out;
    }
  };
  return std::visit(Show{}, slot);
}

}  // namespace guarita::app
