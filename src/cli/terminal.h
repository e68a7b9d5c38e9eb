// The streams of one run, and text made safe and aligned for a terminal.
#pragma once

#include <cstddef>
#include <cstdint>
#include <iosfwd>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/secret.h"
#include "cli/failure.h"

namespace guarita::cli {

enum class Output : std::uint8_t { Table, Json };

// Outlives every command. Tests bring string streams.
struct Terminal {
  std::istream& in;
  std::ostream& out;  // what was asked for, and nothing else: TOKEN=$(guarita token generate a)
  std::ostream& err;  // hints, warnings, failures
  bool in_is_terminal = false;
  bool err_is_terminal = false;
};

// Names and user agents come from outside: control characters (C0, DEL, C1) and bytes that are
// not UTF-8 are shown as \xNN, so that no value can move the cursor or hide a line.
std::string printable(std::string_view text);

// Columns that `text` takes: combining marks 0, East Asian wide and emoji 2, all else 1.
std::size_t display_width(std::string_view text);

class Table {
 public:
  explicit Table(std::vector<std::string> headings) : headings_(std::move(headings)) {}
  // A row shorter than the headings is filled up with empty cells.
  void add(std::vector<std::string> cells);
  bool empty() const { return rows_.empty(); }
  // Columns two spaces apart, none trailing; the headings in upper case as given.
  std::string text() const;

 private:
  std::vector<std::string> headings_;
  std::vector<std::vector<std::string>> rows_;
};

// "name   value" lines for one thing.
std::string key_values(const std::vector<std::pair<std::string, std::string>>& pairs);

// One line of standard input without its line end: a token never stands on argv, where every
// user of the machine can read it. `what` names it in the hint and in failures.
// Fails on an empty line, on a second line, and above 4 KiB.
Outcome<Secret> read_secret(Terminal& terminal, std::string_view what);

// Prints the failure and its remedy (the API's answer on `out` in JSON mode); gives its code.
ExitCode report(Terminal& terminal, Output output, const Failure& failure);

}  // namespace guarita::cli
