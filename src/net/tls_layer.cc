// The socket is reached by a BIO of our own that takes whatever OpenSSL writes: what the socket
// does not take now is kept and sent before anything else. So OpenSSL never has a write under way,
// a read never waits for writability (a handshake's flight, the answer to a KeyUpdate), and a
// write, which starts after the handshake, never for readability.
#include "net/tls_layer.h"

#include <openssl/err.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string_view>

#include "net/recycler.h"

namespace guarita::net {
namespace {

constexpr std::size_t kRecordBytes = 16 * 1024;  // RFC 8446 §5.1
// More than any handshake's flight; a peer that asks for answers and does not read them ends here.
constexpr std::size_t kKeptMax = 64 * 1024;
// KeyUpdates in a row without data: each costs us a key schedule, and nobody needs two.
constexpr unsigned kKeyUpdatesMax = 16;
constexpr std::size_t kPlainDrainedMax = 64 * 1024;

constexpr std::string_view kPlainAnswer =
    "HTTP/1.1 400 Bad Request\r\nContent-Type: application/json\r\nContent-Length: 34\r\n"
    "Connection: close\r\n\r\n{\"error\":\"This port speaks https\"}";

constexpr IoStep failed(NetError error) {
  return {.what = IoStep::What::Failed, .error = error};
}

// Bytes on their way to the socket; a block of the thread's recycler while there are any.
class KeptBytes {
 public:
  KeptBytes() = default;
  ~KeptBytes() { drop(); }
  KeptBytes(const KeptBytes&) = delete;
  KeptBytes& operator=(const KeptBytes&) = delete;

  bool empty() const { return size_ == 0; }
  std::string_view view() const { return {block_ + from_, size_}; }
  void took(std::size_t bytes) {
    from_ += bytes;
    size_ -= bytes;
    if (size_ == 0) drop();
  }
  // False: too much.
  bool append(std::string_view bytes) {
    if (size_ + bytes.size() > kKeptMax) return false;
    if (from_ + size_ + bytes.size() > room_) make_room(size_ + bytes.size());
    std::memcpy(block_ + from_ + size_, bytes.data(), bytes.size());
    size_ += bytes.size();
    return true;
  }

 private:
  void make_room(std::size_t bytes) {
    std::size_t room = std::max<std::size_t>(room_, 4 * 1024);
    while (room < bytes) room *= 2;
    auto* block = static_cast<char*>(recycled_new(room));
    if (size_ > 0) std::memcpy(block, block_ + from_, size_);
    const std::size_t size = size_;
    drop();
    block_ = block;
    room_ = room;
    size_ = size;
  }
  void drop() {
    if (block_ != nullptr) recycled_delete(block_, room_);
    block_ = nullptr;
    room_ = from_ = size_ = 0;
  }

  char* block_ = nullptr;
  std::size_t room_ = 0, from_ = 0, size_ = 0;
};

class TlsLayer final : public StreamLayer, public Recycled {
 public:
  explicit TlsLayer(std::shared_ptr<const void> keep) : keep_(std::move(keep)) {}
  bool open(SSL_CTX* context, TlsSide side);

  IoStep read(int fd, std::span<char> into) noexcept override;
  IoStep write(int fd, std::span<const iovec> pieces) noexcept override;
  bool has_pending() const noexcept override { return SSL_has_pending(ssl_.get()) == 1; }
  IoStep peek(int fd) noexcept override;
  bool has_unsent() const noexcept override { return !kept_.empty(); }
  IoStep flush(int fd) noexcept override;
  void finish(int fd) noexcept override;

  // The BIO's side.
  int take_from_socket(BIO* bio, char* into, int size) noexcept;
  int give_to_socket(std::string_view bytes) noexcept;
  bool at_end() const { return at_end_; }
  void saw_key_update() { ++key_updates_; }

 private:
  // True: the handshake is over. False: `step` says what is to be returned.
  bool shaken(IoStep& step) noexcept;
  IoStep settle(int result) noexcept;
  IoStep fail(NetError error) noexcept;
  void answer_plain() noexcept;
  bool speaks_plain() const { return !shaken_ && first_byte_ >= 'A' && first_byte_ <= 'Z'; }

  std::shared_ptr<const void> keep_;  // what the context's callbacks look into; after ssl_ it goes
  SslPtr ssl_;
  KeptBytes kept_;
  int fd_ = -1;  // of the call under way
  int first_byte_ = -1;
  unsigned key_updates_ = 0;
  bool shaken_ = false;
  bool at_end_ = false;  // the socket is
  bool failed_ = false;
  NetError error_ = NetError::Other;  // once failed_
};

// ---- the BIO ---------------------------------------------------------------------------------

TlsLayer& layer_of(BIO* bio) {
  return *static_cast<TlsLayer*>(BIO_get_data(bio));
}

int bio_read(BIO* bio, char* into, int size) {
  return layer_of(bio).take_from_socket(bio, into, size);
}

int bio_write(BIO* bio, const char* from, int size) {
  BIO_clear_retry_flags(bio);
  return layer_of(bio).give_to_socket({from, static_cast<std::size_t>(size)});
}

long bio_control(BIO* bio, int command, long, void*) {
  if (command == BIO_CTRL_EOF) return layer_of(bio).at_end() ? 1 : 0;
  return command == BIO_CTRL_FLUSH ? 1 : 0;
}

// Never freed: every connection shares it.
BIO_METHOD* bio_method() {
  static BIO_METHOD* const method = [] {
    BIO_METHOD* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "guarita");
    BIO_meth_set_read(made, &bio_read);
    BIO_meth_set_write(made, &bio_write);
    BIO_meth_set_ctrl(made, &bio_control);
    return made;
  }();
  return method;
}

void on_message(int is_write, int, int content_type, const void* bytes, std::size_t size, SSL* ssl,
                void*) {
  if (is_write != 0 || content_type != SSL3_RT_HANDSHAKE || size == 0) return;
  if (*static_cast<const unsigned char*>(bytes) != SSL3_MT_KEY_UPDATE) return;
  static_cast<TlsLayer*>(SSL_get_app_data(ssl))->saw_key_update();
}

int TlsLayer::take_from_socket(BIO* bio, char* into, int size) noexcept {
  BIO_clear_retry_flags(bio);
  if (key_updates_ > kKeyUpdatesMax) {
    error_ = NetError::OverLimit;
    return -1;
  }
  for (;;) {
    const ssize_t got = ::recv(fd_, into, static_cast<std::size_t>(size), MSG_DONTWAIT);
    if (got > 0) {
      if (first_byte_ < 0) first_byte_ = static_cast<unsigned char>(*into);
      return static_cast<int>(got);
    }
    if (got == 0) {
      at_end_ = true;
      return 0;
    }
    if (errno == EINTR) continue;
    if (errno == EAGAIN || errno == EWOULDBLOCK) {
      BIO_set_retry_read(bio);
    } else {
      error_ = from_errno(errno);
    }
    return -1;
  }
}

int TlsLayer::give_to_socket(std::string_view bytes) noexcept {
  const int all = static_cast<int>(bytes.size());
  if (speaks_plain()) return all;  // no alert before the answer in its own words
  while (kept_.empty() && !bytes.empty()) {
    const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent >= 0) {
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      break;
    } else if (errno != EINTR) {
      error_ = from_errno(errno);
      return -1;
    }
  }
  if (bytes.empty() || kept_.append(bytes)) return all;
  error_ = NetError::OverLimit;
  return -1;
}

// ---- the layer -------------------------------------------------------------------------------

bool TlsLayer::open(SSL_CTX* context, TlsSide side) {
  ssl_.reset(SSL_new(context));
  BIO* const bio = BIO_new(bio_method());
  if (!ssl_ || bio == nullptr) {
    BIO_free(bio);
    return false;
  }
  BIO_set_data(bio, this);
  BIO_set_init(bio, 1);
  SSL_set_bio(ssl_.get(), bio, bio);
  SSL_set_app_data(ssl_.get(), this);
  if (side == TlsSide::Server) {
    SSL_set_accept_state(ssl_.get());
  } else {
    SSL_set_connect_state(ssl_.get());
  }
  return true;
}

IoStep TlsLayer::fail(NetError error) noexcept {
  failed_ = true;
  error_ = error;
  return failed(error);
}

IoStep TlsLayer::settle(int result) noexcept {
  switch (SSL_get_error(ssl_.get(), result)) {
    case SSL_ERROR_WANT_READ: return {};
    case SSL_ERROR_ZERO_RETURN: return failed(NetError::EndOfStream);  // writing goes on
    case SSL_ERROR_SYSCALL: return fail(error_);
    default: break;
  }
  const int reason = ERR_GET_REASON(ERR_peek_last_error());
  ERR_clear_error();
  if (speaks_plain()) answer_plain();
  // An end without close_notify may be anybody's (RFC 8446 §6.1): no end in order.
  return fail(reason == SSL_R_UNEXPECTED_EOF_WHILE_READING ? NetError::Reset : error_);
}

// Best effort: read what is there, so that closing is no reset.
void TlsLayer::answer_plain() noexcept {
  std::array<char, 4 * 1024> dropped;
  std::size_t sum = 0;
  for (;;) {
    const ssize_t got = ::recv(fd_, dropped.data(), dropped.size(), MSG_DONTWAIT);
    if (got <= 0) break;
    sum += static_cast<std::size_t>(got);
    if (sum > kPlainDrainedMax) break;
  }
  ::send(fd_, kPlainAnswer.data(), kPlainAnswer.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  ::shutdown(fd_, SHUT_WR);
}

bool TlsLayer::shaken(IoStep& step) noexcept {
  if (shaken_) return true;
  ERR_clear_error();
  const int result = SSL_do_handshake(ssl_.get());
  shaken_ = result == 1;
  if (!shaken_) step = settle(result);
  return shaken_;
}

IoStep TlsLayer::read(int fd, std::span<char> into) noexcept {
  if (failed_) return failed(error_);
  fd_ = fd;
  IoStep step;
  if (!shaken(step)) return step;
  std::size_t sum = 0;
  for (;;) {
    ERR_clear_error();
    std::size_t got = 0;
    const int result = SSL_read_ex(ssl_.get(), into.data() + sum, into.size() - sum, &got);
    if (result != 1) {
      step = settle(result);  // comes again when it is an end
      break;
    }
    sum += got;
    key_updates_ = 0;
    if (sum == into.size() || !has_pending()) break;
  }
  if (sum == 0) return step;
  return {.what = IoStep::What::Done, .bytes = sum};
}

IoStep TlsLayer::peek(int fd) noexcept {
  if (failed_) return failed(error_);
  fd_ = fd;
  IoStep step;
  if (!shaken(step)) return step;
  ERR_clear_error();
  char byte = 0;
  std::size_t got = 0;
  const int result = SSL_peek_ex(ssl_.get(), &byte, 1, &got);
  if (result != 1) return settle(result);
  return {.what = IoStep::What::Done, .bytes = got};
}

IoStep TlsLayer::write(int fd, std::span<const iovec> pieces) noexcept {
  if (failed_) return failed(error_);
  if (!shaken_) return fail(NetError::Reset);  // there is nobody to understand it
  if (const IoStep step = flush(fd); step.what != IoStep::What::Done) return step;
  // Small pieces travel in one record.
  thread_local std::array<char, kRecordBytes> gathered;
  const char* from = static_cast<const char*>(pieces.front().iov_base);
  std::size_t size = std::min(pieces.front().iov_len, kRecordBytes);
  if (size < kRecordBytes && pieces.size() > 1) {
    size = 0;
    for (const iovec& piece : pieces) {
      const std::size_t part = std::min(piece.iov_len, kRecordBytes - size);
      std::memcpy(gathered.data() + size, piece.iov_base, part);
      size += part;
    }
    from = gathered.data();
  }
  ERR_clear_error();
  std::size_t taken = 0;
  if (SSL_write_ex(ssl_.get(), from, size, &taken) == 1) {
    return {.what = IoStep::What::Done, .bytes = taken};
  }
  ERR_clear_error();
  return fail(error_);
}

IoStep TlsLayer::flush(int fd) noexcept {
  if (failed_) return failed(error_);
  while (!kept_.empty()) {
    const std::string_view bytes = kept_.view();
    const ssize_t sent = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent > 0) {
      kept_.took(static_cast<std::size_t>(sent));
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      return {};
    } else if (errno != EINTR) {
      return fail(from_errno(errno));
    }
  }
  return {.what = IoStep::What::Done};
}

void TlsLayer::finish(int fd) noexcept {
  if (failed_ || !shaken_) return;
  fd_ = fd;
  ERR_clear_error();
  SSL_shutdown(ssl_.get());
  ERR_clear_error();
  (void)flush(fd);
}

}  // namespace

void prepare_for_layers(SSL_CTX* context) {
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_read_ahead(context, 1);  // a record in one system call
  SSL_CTX_set_msg_callback(context, &on_message);
}

std::unique_ptr<StreamLayer> make_tls_layer(SSL_CTX* context, TlsSide side,
                                            std::shared_ptr<const void> keep) {
  auto layer = std::make_unique<TlsLayer>(std::move(keep));
  if (!layer->open(context, side)) return nullptr;
  return layer;
}

}  // namespace guarita::net
