// A borrowed function, as C++26's std::function_ref: for a parameter, never to be kept.
#pragma once

#include <memory>
#include <type_traits>

namespace guarita::policy {

template <class Signature>
class FunctionRef;
template <class R, class... Args>
class FunctionRef<R(Args...)> {
 public:
  template <class F>
    requires(!std::is_same_v<std::remove_cvref_t<F>, FunctionRef>)
  FunctionRef(F&& f) noexcept
      : context_(const_cast<void*>(static_cast<const void*>(std::addressof(f)))),
        call_([](void* context, Args... args) -> R {
          return (*static_cast<std::remove_reference_t<F>*>(context))(args...);
        }) {}
  R operator()(Args... args) const { return call_(context_, args...); }

 private:
  void* context_;
  R (*call_)(void*, Args...);
};

}  // namespace guarita::policy
