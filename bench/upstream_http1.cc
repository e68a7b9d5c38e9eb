#include <algorithm>
#include <cstdlib>

#include "upstream.h"

namespace bench {
namespace {

std::size_t content_length(std::string_view head) {
  for (std::size_t at = head.find("ontent-"); at != std::string_view::npos;
       at = head.find("ontent-", at + 1)) {
    const std::string_view rest = head.substr(at);
    if (rest.starts_with("ontent-Length: ") || rest.starts_with("ontent-length: ")) {
      return std::strtoul(rest.data() + 15, nullptr, 10);
    }
  }
  return 0;
}

class Http1 final : public Conversation {
 public:
  explicit Http1(const std::string& response) : response_(response) {}

  bool take(std::string_view bytes) override {
    while (!bytes.empty()) {
      const std::size_t body = std::min(bytes.size(), body_left_);
      bytes.remove_prefix(body);
      body_left_ -= body;
      if (body != 0 && body_left_ == 0) ++owed_;
      if (bytes.empty()) return true;
      const std::size_t before = head_.size();
      head_.append(bytes);
      const std::size_t end = head_.find("\r\n\r\n");
      if (end == std::string::npos) return head_.size() < 64 * 1024;
      bytes.remove_prefix(end + 4 - before);
      body_left_ = content_length(std::string_view(head_).substr(0, end));
      head_.clear();
      if (body_left_ == 0) ++owed_;
    }
    return true;
  }

  std::string_view output() override {
    return owed_ == 0 ? std::string_view() : std::string_view(response_).substr(sent_);
  }

  void sent(std::size_t bytes) override {
    sent_ += bytes;
    if (sent_ < response_.size()) return;
    sent_ = 0;
    --owed_;
  }

 private:
  const std::string& response_;
  std::string head_;           // bytes of a head that is not complete
  std::size_t body_left_ = 0;  // of the request being read
  std::size_t owed_ = 0;       // answers
  std::size_t sent_ = 0;       // of the answer under way
};

}  // namespace

std::unique_ptr<Conversation> make_http1(const std::string& response) {
  return std::make_unique<Http1>(response);
}

}  // namespace bench
