// Result<T, E>: a value or an error, and the compiler complains when it is dropped.
// std::expected's names; libstdc++ 12 lacks the monadic members, so they are here.
#pragma once

#include <expected>
#include <type_traits>
#include <utility>

namespace guarita {

template <class E>
using Err = std::unexpected<E>;

template <class T, class E>
class [[nodiscard]] Result : public std::expected<T, E> {
 public:
  using Base = std::expected<T, E>;
  using Base::Base;

  // f(T) -> Result<U, E>; an error passes through untouched.
  template <class F>
  auto and_then(F&& f) && {
    using R = std::invoke_result_t<F, T&&>;
    if (!this->has_value()) return R(std::unexpect, std::move(this->error()));
    return std::forward<F>(f)(std::move(**this));
  }

  // f(E) -> G; a value passes through untouched.
  template <class F>
  auto map_error(F&& f) && {
    using G = std::invoke_result_t<F, E&&>;
    if (this->has_value()) return Result<T, G>(std::move(**this));
    return Result<T, G>(std::unexpect, std::forward<F>(f)(std::move(this->error())));
  }
};

template <class E>
class [[nodiscard]] Result<void, E> : public std::expected<void, E> {
 public:
  using std::expected<void, E>::expected;
};

}  // namespace guarita
