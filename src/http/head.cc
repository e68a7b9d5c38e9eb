#include "http/head.h"

namespace guarita::http {

FieldLines Fields::lines(const Name& name) const noexcept {
  FieldLines found;
  for (const FieldEntry& entry : entries_) {
    if (entry.print != name.print || !equal_ignoring_case(view(entry.name), name.text)) continue;
    if (found.count++ == 0) found.value = view(entry.value);
  }
  return found;
}

FieldLines Fields::lines(HeaderId id) const noexcept {
  FieldLines found;
  if (!present(id)) return found;
  for (const FieldEntry& entry : entries_) {
    if (entry.id != id) continue;
    if (found.count++ == 0) found.value = view(entry.value);
  }
  return found;
}

FieldLines Fields::alias_lines(std::string_view folded) const noexcept {
  FieldLines found;
  for (const FieldEntry& entry : entries_) {
    if (entry.name.size != folded.size() || !folds_to(view(entry.name), folded)) continue;
    if (found.count++ == 0) found.value = view(entry.value);
  }
  return found;
}

void RequestHead::clear() {
  Fields kept = std::move(fields);
  kept.clear();
  *this = RequestHead{};
  fields = std::move(kept);
}

void ResponseHead::clear() {
  Fields kept = std::move(fields);
  kept.clear();
  *this = ResponseHead{};
  fields = std::move(kept);
}

}  // namespace guarita::http
