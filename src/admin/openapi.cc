#include "admin/routes.h"

namespace guarita::admin {
namespace {

constexpr char kText[] = {
#embed "openapi.json"
};

}  // namespace

std::string_view openapi_text() {
  return {kText, sizeof kText};
}

}  // namespace guarita::admin
