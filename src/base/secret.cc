#include "base/secret.h"

#include <cstring>

namespace guarita {

void Secret::wipe() noexcept {
  // explicit_bzero is not optimised away; the capacity covers what a moved-from short string keeps.
  explicit_bzero(text_.data(), text_.capacity());
  text_.clear();
}

}  // namespace guarita
