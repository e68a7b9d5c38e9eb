// One key of the configuration: what it is called, what it may hold, where its value goes.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "app/config.h"
#include "app/settings.h"

namespace guarita::app {

// A value as it came, from TOML, the environment or the table's default.
using TextPairs = std::vector<std::pair<std::string, std::string>>;
using Raw = std::variant<std::string, std::int64_t, bool, std::vector<std::string>, TextPairs>;

// Where it goes. Choices and flags are enums of one byte; the index in `choices` is the value.
struct ChoiceSlot {
  unsigned char* index;
};
using Slot =
    std::variant<std::string*, bool*, ChoiceSlot, std::uint32_t*, std::uint64_t*, Millis*,
                 std::vector<std::string>*, std::vector<Cidr>*, std::vector<HeaderSetting>*>;

template <class Enum>
ChoiceSlot choice(Enum& value) {
  static_assert(std::is_enum_v<Enum> && sizeof(Enum) == 1);
  return {reinterpret_cast<unsigned char*>(&value)};
}

enum class Kind : std::uint8_t { Text, Flag, Choice, Count, Bytes, Duration, Texts, Headers };
enum class Reload : std::uint8_t { Running, Restart };

// What is wrong with a text, or "".
using Check = std::string (*)(std::string_view);

struct KeyInfo {
  std::string section;  // "gate", "answers.token_missing", "route"
  std::string name;
  Kind kind = Kind::Text;
  std::optional<Raw> fallback;  // none: must be given
  Reload reload = Reload::Running;
  std::string sentence;
  std::vector<std::string_view> choices;  // Choice
  std::uint64_t min = 0, max = 0;         // Count, Bytes; Duration in milliseconds
  std::string unit;                       // Count: what is counted
  Check check = nullptr;                  // Text, and each of Texts

  std::string path() const { return section + "." + name; }
  std::string variable() const;  // GUARITA__GATE__LISTEN
};
struct Key : KeyInfo {
  std::function<Slot(Settings&)> slot;
};
struct RouteKey : KeyInfo {
  std::function<Slot(policy::RouteConfig&)> slot;
};

// The table.
const std::vector<Key>& keys();
const std::vector<RouteKey>& route_keys();  // of each [[route]]

// What may stand there: "a duration, 100ms to 10m", for errors and the page.
std::string allowed_text(const KeyInfo& key);
// A value in TOML; a text in its quotes; a number of bytes in its largest whole unit.
std::string toml_text(const Raw& raw);
std::string quote(std::string_view text);
std::string bytes_text(std::uint64_t n);
// A variable's text as the key's kind.
Raw raw_of_text(const KeyInfo& key, std::string_view text);

enum class Tell : std::uint8_t { Allowed, Nothing };
struct Rejected {
  std::string text;           // what is wrong
  Tell tell = Tell::Allowed;  // Nothing: the text says already what is allowed
};
struct Context {
  const Environment* environment = nullptr;
  std::string folder;                            // of the file, for secrets by file:PATH
  std::vector<std::string>* warnings = nullptr;  // about this value
};
// Checks and stores. Nothing is stored when it is rejected.
std::optional<Rejected> apply(const KeyInfo& key, Slot slot, const Raw& raw,
                              const Context& context);
// What is stored, as text to compare by. Secrets as digests.
std::string stored_text(Slot slot);

// "env:NAME" and "file:PATH" resolved; a literal passes. The error names the source.
Result<Secret, std::string> resolve_secret(std::string_view text, const Context& context);

// The nearest of `known` when it is near enough to be a slip of the pen, else "".
std::string did_you_mean(std::string_view word, const std::vector<std::string>& known);

}  // namespace guarita::app
