#include "cli/terminal.h"

#include <algorithm>
#include <array>
#include <istream>
#include <ostream>
#include <span>

namespace guarita::cli {
namespace {

constexpr std::size_t kSecretBytesMax = 4096;

struct CodePoint {
  char32_t value = 0;
  std::size_t bytes = 0;  // 0: not UTF-8
};

// RFC 3629, without overlong forms and surrogates.
CodePoint decode_utf8(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(0);
  if (lead < 0x80) return {lead, 1};
  std::size_t length = 0;
  char32_t value = 0;
  if (lead >= 0xC2 && lead <= 0xDF) {
    length = 2;
    value = lead & 0x1Fu;
  } else if ((lead & 0xF0u) == 0xE0) {
    length = 3;
    value = lead & 0x0Fu;
  } else if (lead >= 0xF0 && lead <= 0xF4) {
    length = 4;
    value = lead & 0x07u;
  } else {
    return {};
  }
  if (text.size() < length) return {};
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0u) != 0x80) return {};
    value = (value << 6) | (byte(i) & 0x3Fu);
  }
  if (length == 3 && value < 0x800) return {};
  if (length == 4 && (value < 0x10000 || value > 0x10FFFF)) return {};
  if (value >= 0xD800 && value <= 0xDFFF) return {};
  return {value, length};
}

struct Span {
  char32_t first;
  char32_t last;
};

bool within(std::span<const Span> spans, char32_t value) {
  return std::ranges::any_of(spans,
                             [&](const Span& s) { return value >= s.first && value <= s.last; });
}

// The blocks that matter for names and addresses, not the whole of UAX #11.
constexpr std::array<Span, 6> kZeroWidth = {{{0x0300, 0x036F},
                                             {0x0483, 0x0489},
                                             {0x1AB0, 0x1AFF},
                                             {0x200B, 0x200F},
                                             {0x20D0, 0x20FF},
                                             {0xFE00, 0xFE0F}}};
constexpr std::array<Span, 10> kWide = {{{0x1100, 0x115F},
                                         {0x2E80, 0x303E},
                                         {0x3041, 0xA4CF},
                                         {0xAC00, 0xD7A3},
                                         {0xF900, 0xFAFF},
                                         {0xFE30, 0xFE6F},
                                         {0xFF00, 0xFF60},
                                         {0xFFE0, 0xFFE6},
                                         {0x1F300, 0x1FAFF},
                                         {0x20000, 0x3FFFD}}};
// Invisible and direction-changing characters: a name could pose as another one.
constexpr std::array<Span, 4> kHidden = {
    {{0x202A, 0x202E}, {0x2066, 0x2069}, {0x200E, 0x200F}, {0xFEFF, 0xFEFF}}};

void append_hex(std::string& out, std::string_view bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  for (const char c : bytes) {
    const auto b = static_cast<unsigned char>(c);
    out += "\\x";
    out += kDigits[b >> 4];
    out += kDigits[b & 15u];
  }
}

}  // namespace

std::string printable(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const CodePoint point = decode_utf8(text);
    const std::size_t length = std::max<std::size_t>(point.bytes, 1);
    const bool control = point.value < 0x20 || (point.value >= 0x7F && point.value < 0xA0);
    if (point.bytes == 0 || control || within(kHidden, point.value)) {
      append_hex(out, text.substr(0, length));
    } else {
      out += text.substr(0, length);
    }
    text.remove_prefix(length);
  }
  return out;
}

std::size_t display_width(std::string_view text) {
  std::size_t width = 0;
  while (!text.empty()) {
    const CodePoint point = decode_utf8(text);
    if (!within(kZeroWidth, point.value)) width += within(kWide, point.value) ? 2 : 1;
    text.remove_prefix(std::max<std::size_t>(point.bytes, 1));
  }
  return width;
}

void Table::add(std::vector<std::string> cells) {
  cells.resize(headings_.size());
  for (std::string& cell : cells) cell = printable(cell);
  rows_.push_back(std::move(cells));
}

std::string Table::text() const {
  std::vector<std::size_t> widths;
  for (const std::string& heading : headings_) widths.push_back(display_width(heading));
  for (const auto& row : rows_) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      widths[i] = std::max(widths[i], display_width(row[i]));
    }
  }
  std::string out;
  const auto append_row = [&](const std::vector<std::string>& row) {
    std::size_t owed = 0;  // blanks are written only before a cell that has text
    for (std::size_t i = 0; i < row.size(); ++i) {
      if (!row[i].empty()) {
        out.append(owed, ' ');
        out += row[i];
        owed = 0;
      }
      owed += widths[i] - display_width(row[i]) + 2;
    }
    out += '\n';
  };
  append_row(headings_);
  for (const auto& row : rows_) append_row(row);
  return out;
}

std::string key_values(const std::vector<std::pair<std::string, std::string>>& pairs) {
  std::size_t width = 0;
  for (const auto& [name, value] : pairs) width = std::max(width, display_width(name));
  std::string out;
  for (const auto& [name, value] : pairs) {
    out += name;
    if (!value.empty()) {
      out.append(width - display_width(name) + 2, ' ');
      out += printable(value);
    }
    out += '\n';
  }
  return out;
}

Outcome<Secret> read_secret(Terminal& terminal, std::string_view what) {
  if (terminal.in_is_terminal) {
    terminal.err << "Paste the " << what << " and press Enter (it will be visible; better: "
                 << "pipe it in, as in `guarita … < file`):\n"
                 << std::flush;
  }
  std::string line;
  char c = 0;
  bool ended = false;
  while (terminal.in.get(c)) {
    if (ended) return usage(std::string(what) + " on standard input has more than one line");
    if (c == '\n') {
      ended = true;
      if (terminal.in_is_terminal) break;
      continue;
    }
    line += c;
    if (line.size() > kSecretBytesMax) {
      return usage(std::string(what) + " on standard input is longer than 4096 bytes");
    }
  }
  if (line.ends_with('\r')) line.pop_back();
  if (line.empty()) {
    return usage("no " + std::string(what) + " on standard input",
                 "pipe it in: … < file, or printf %s \"$TOKEN\" | …");
  }
  return Secret(std::move(line));
}

ExitCode report(Terminal& terminal, Output output, const Failure& failure) {
  if (output == Output::Json && !failure.json.empty()) terminal.out << failure.json << '\n';
  terminal.err << "error: " << printable(failure.message) << '\n';
  if (!failure.remedy.empty()) terminal.err << "  try: " << printable(failure.remedy) << '\n';
  terminal.out << std::flush;
  terminal.err << std::flush;
  return failure.code;
}

}  // namespace guarita::cli
