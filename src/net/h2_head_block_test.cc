// Header blocks as nghttp2 reads them.
#include "net/h2_head_block.h"

#include <nghttp2/nghttp2.h>

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace guarita::net {
namespace {

struct Read {
  std::string name, value;
  bool never_indexed;
  bool operator==(const Read&) const = default;
};

std::vector<Read> inflate(const std::string& block) {
  nghttp2_hd_inflater* inflater = nullptr;
  nghttp2_hd_inflate_new(&inflater);
  std::vector<Read> out;
  const auto* at = reinterpret_cast<const std::uint8_t*>(block.data());
  const auto* const end = at + block.size();
  for (bool over = false; !over;) {
    nghttp2_nv field{};
    int flags = 0;
    const auto read =
        nghttp2_hd_inflate_hd2(inflater, &field, &flags, at, static_cast<std::size_t>(end - at), 1);
    EXPECT_GE(read, 0);
    over = read < 0 || (flags & NGHTTP2_HD_INFLATE_FINAL) != 0;
    at += std::max<ssize_t>(read, 0);
    if ((flags & NGHTTP2_HD_INFLATE_EMIT) == 0) continue;
    out.push_back({std::string(reinterpret_cast<char*>(field.name), field.namelen),
                   std::string(reinterpret_cast<char*>(field.value), field.valuelen),
                   (field.flags & NGHTTP2_NV_FLAG_NO_INDEX) != 0});
  }
  EXPECT_EQ(nghttp2_hd_inflate_get_num_table_entries(inflater), 61U) << "the static ones";
  nghttp2_hd_inflate_del(inflater);
  return out;
}

TEST(H2HeadBlock, EveryFieldIsReadAsItWasMeantAndNoneEntersATable) {
  const std::string long_value(60'000, 'v');
  const std::string long_name(300, 'N');
  const std::vector<http::SetField> fields{{":method", "PUT"},
                                           {":scheme", "http"},
                                           {":authority", "up:1"},
                                           {":path", "/a?b"},
                                           {"X-Mixed-Case_9", "Va"},
                                           {"empty", ""},
                                           {"x-126", std::string_view(long_value).substr(0, 126)},
                                           {"x-127", std::string_view(long_value).substr(0, 127)},
                                           {"x-255", std::string_view(long_value).substr(0, 255)},
                                           {long_name, long_value},
                                           {"Authorization", "b"},
                                           {"cookie", "c"}};
  std::string block = "before";
  append_head_block(block, fields);
  EXPECT_TRUE(block.starts_with("before"));
  const std::vector<Read> read = inflate(block.substr(6));
  ASSERT_EQ(read.size(), fields.size());
  for (std::size_t i = 0; i < fields.size(); ++i) {
    std::string lower(fields[i].name);
    for (char& c : lower) c = static_cast<char>(std::tolower(c));
    EXPECT_EQ(read[i], (Read{lower, std::string(fields[i].value), i >= 10})) << lower;
  }
}

TEST(H2HeadBlock, CommonMethodsAreOneByte) {
  for (const char* method : {"GET", "POST"}) {
    const std::vector<http::SetField> fields{{":method", method}};
    std::string block;
    append_head_block(block, fields);
    EXPECT_EQ(block.size(), 1U);
    EXPECT_EQ(inflate(block), (std::vector<Read>{{":method", method, false}}));
  }
}

TEST(H2HeadBlock, TableSizeUpdatesEndWhereAFieldBegins) {
  EXPECT_EQ(table_size_updates("\x82"), "");
  EXPECT_EQ(table_size_updates(""), "");
  EXPECT_EQ(table_size_updates("\x20\x3f\xe1\x1f\x82\x20"), "\x20\x3f\xe1\x1f");
  EXPECT_EQ(table_size_updates("\x3f\xe1"), "\x3f\xe1");
}

}  // namespace
}  // namespace guarita::net
