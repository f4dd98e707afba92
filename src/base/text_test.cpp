// SPDX-License-Identifier: Apache-2.0
// Numbers, base64 and JSON: what goes out as text and comes back.
#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/base64.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/numbers.h"
#include "base/testing/seed.h"

namespace tidemark {
namespace {

using Kind = JsonValue::Kind;

TEST(ParseInt64, TakesTheWholeRangeAndNothingElse) {
  EXPECT_EQ(ParseInt64("0"), 0);
  EXPECT_EQ(ParseInt64("+7"), 7);
  EXPECT_EQ(ParseInt64("-7"), -7);
  EXPECT_EQ(ParseInt64("9223372036854775807"), std::numeric_limits<int64_t>::max());
  EXPECT_EQ(ParseInt64("-9223372036854775808"), std::numeric_limits<int64_t>::min());
  for (const char* text : {"", "+", "-", "+-1", "--1", "9223372036854775808",
                           "-9223372036854775809", "1.5", "1e3", "0x1F", "1_000", " 1", "1 "}) {
    EXPECT_EQ(ParseInt64(text), std::nullopt) << text;
  }
}

TEST(ParseFiniteDouble, TakesDecimalTextOnly) {
  EXPECT_EQ(ParseFiniteDouble("35"), 35.0);
  EXPECT_EQ(ParseFiniteDouble("-0.5"), -0.5);
  EXPECT_EQ(ParseFiniteDouble("+1.5e3"), 1500.0);
  EXPECT_EQ(ParseFiniteDouble("1E-2"), 0.01);
  EXPECT_EQ(ParseFiniteDouble("5."), 5.0);
  EXPECT_EQ(ParseFiniteDouble(".5"), 0.5);
  EXPECT_EQ(ParseFiniteDouble("0.1"), 0.1);
  for (const char* text : {"", "-", ".", "e5", "1e", "1e+", "NaN", "nan", "Infinity", "inf", "+Inf",
                           "0x10", "1.5 ", " 1", "1,5", "1.2.3", "--1", "1f", "1e5.0"}) {
    EXPECT_EQ(ParseFiniteDouble(text), std::nullopt) << text;
  }
}

TEST(ParseFiniteDouble, OverflowIsNoneAndUnderflowIsZero) {
  EXPECT_EQ(ParseFiniteDouble("1.7976931348623157e308"), std::numeric_limits<double>::max());
  EXPECT_EQ(ParseFiniteDouble("1e309"), std::nullopt);
  EXPECT_EQ(ParseFiniteDouble("-1e400"), std::nullopt);
  EXPECT_EQ(ParseFiniteDouble("1e99999999999999999999"), std::nullopt);
  EXPECT_EQ(ParseFiniteDouble(std::string(400, '9')), std::nullopt);
  EXPECT_EQ(ParseFiniteDouble("1e-400"), 0.0);
  EXPECT_EQ(ParseFiniteDouble("0." + std::string(400, '0') + "1"), 0.0);
  EXPECT_EQ(ParseFiniteDouble("1e-99999999999999999999"), 0.0);
  EXPECT_EQ(ParseFiniteDouble("0e99999999999999999999"), 0.0);
  EXPECT_EQ(ParseFiniteDouble("5e-324"), std::numeric_limits<double>::denorm_min());
  const auto negative_zero = ParseFiniteDouble("-0");
  ASSERT_TRUE(negative_zero.has_value());
  EXPECT_TRUE(std::signbit(*negative_zero));
}

TEST(FormatDoubleSql, HasTheShapeOfJava) {  // timestream-sql.md 2.4
  EXPECT_EQ(FormatDoubleSql(35.0), "35.0");
  EXPECT_EQ(FormatDoubleSql(9999999.0), "9999999.0");
  EXPECT_EQ(FormatDoubleSql(1e7), "1.0E7");
  EXPECT_EQ(FormatDoubleSql(1655487883.7710001), "1.6554878837710001E9");
  EXPECT_EQ(FormatDoubleSql(1e-3), "0.001");
  EXPECT_EQ(FormatDoubleSql(0.00012), "1.2E-4");
  EXPECT_EQ(FormatDoubleSql(1e-4), "1.0E-4");
  EXPECT_EQ(FormatDoubleSql(0.0), "0.0");
  EXPECT_EQ(FormatDoubleSql(-0.0), "-0.0");
  EXPECT_EQ(FormatDoubleSql(4.9e-324), "4.9E-324");
  EXPECT_EQ(FormatDoubleSql(2e-323), "2.0E-323");
  EXPECT_EQ(FormatDoubleSql(9e-324), "9.9E-324");
  EXPECT_EQ(FormatDoubleSql(2e23), "2.0E23");
  EXPECT_EQ(FormatDoubleSql(-1.5), "-1.5");
  EXPECT_EQ(FormatDoubleSql(0.1), "0.1");
  EXPECT_EQ(FormatDoubleSql(123.456), "123.456");
  EXPECT_EQ(FormatDoubleSql(1234567.125), "1234567.125");
  EXPECT_EQ(FormatDoubleSql(0.0123), "0.0123");
  EXPECT_EQ(FormatDoubleSql(100.0), "100.0");
  EXPECT_EQ(FormatDoubleSql(std::numeric_limits<double>::max()), "1.7976931348623157E308");
  EXPECT_EQ(FormatDoubleSql(5e-324), "4.9E-324");
  EXPECT_EQ(FormatDoubleSql(std::nan("")), "NaN");
  EXPECT_EQ(FormatDoubleSql(HUGE_VAL), "Infinity");
  EXPECT_EQ(FormatDoubleSql(-HUGE_VAL), "-Infinity");
}

TEST(FormatDouble, ReadsBackEqual) {
  const uint64_t seed = TestSeed();
  SCOPED_TRACE(SeedTrace(seed));
  SeededRandom random(seed);
  for (int i = 0; i < 20'000; ++i) {
    const double bits = std::bit_cast<double>(random.Next());
    const double value =
        i % 2 == 0 ? bits : std::ldexp(random.Unit(), static_cast<int>(random.Below(40)) - 12);
    if (!std::isfinite(value)) continue;
    EXPECT_EQ(ParseFiniteDouble(FormatDoubleSql(value)), value);
    EXPECT_EQ(ParseFiniteDouble(FormatDoubleShortest(value)), value);
  }
  EXPECT_EQ(FormatDoubleShortest(1.0), "1");
  EXPECT_EQ(FormatDoubleShortest(0.1), "0.1");
  EXPECT_EQ(FormatDoubleShortest(1e20), "1e+20");
}

TEST(Base64, EncodesTheRfcVectors) {  // RFC 4648 section 10
  EXPECT_EQ(Base64Encode(""), "");
  EXPECT_EQ(Base64Encode("f"), "Zg==");
  EXPECT_EQ(Base64Encode("fo"), "Zm8=");
  EXPECT_EQ(Base64Encode("foo"), "Zm9v");
  EXPECT_EQ(Base64Encode("foobar"), "Zm9vYmFy");
  EXPECT_EQ(Base64Encode("\xff\xfe\xfd"), "//79");
}

TEST(Base64, ReadsBackEqual) {
  SeededRandom random(TestSeed());
  for (size_t length = 0; length < 70; ++length) {
    std::string bytes;
    for (size_t i = 0; i < length; ++i) bytes.push_back(static_cast<char>(random.Next()));
    EXPECT_EQ(*Base64Decode(Base64Encode(bytes)), bytes);
  }
}

TEST(Base64, IsStrict) {
  for (const char* text :
       {"Z", "Zg", "Zg=", "Zh==", "Zm9=", "Zm8", "====", "Z===", "Zm9v=", "Zg==Zg==", "Zm 9",
        "Zm9\n", "-_-_", "=Zm9", "Z=g=", "Zm9vZ===", "Zg=g"}) {
    std::string out = "kept";
    const auto decoded = Base64DecodeTo(text, out);
    ASSERT_FALSE(decoded.ok()) << text;
    EXPECT_EQ(decoded.error().code, Code::kInvalidArgument);
    EXPECT_EQ(out, "kept") << text;
  }
}

TEST(JsonWriter, NestsAndSeparates) {
  JsonWriter json;
  json.BeginObject();
  json.Key("a").BeginArray().Int(1).Uint(18446744073709551615U).Double(0.5).EndArray();
  json.Key("b").BeginObject().EndObject();
  json.Key("c").Bool(true);
  json.Key("d").Null();
  json.Key("e").Raw("[1]");
  json.Key("f").String("x");
  json.EndObject();
  EXPECT_EQ(json.text(),
            R"({"a":[1,18446744073709551615,0.5],"b":{},"c":true,"d":null,"e":[1],"f":"x"})");
}

TEST(FormatDoubleSql, FewDecimalsAreTheShortestDigits) {
  const uint64_t seed = TestSeed();
  SCOPED_TRACE(SeedTrace(seed));
  SeededRandom random(seed);
  for (int i = 0; i < 200'000; ++i) {
    const auto decimals = static_cast<int>(random.Below(8));
    double value = static_cast<double>(random.Below(uint64_t{1} << random.Below(40))) /
                   std::pow(10.0, decimals);
    if (random.Below(4) == 0) value = std::nextafter(value, random.Below(2) == 0 ? 0.0 : 1e9);
    if (value < 1e-3 || value >= 1e7) continue;
    std::array<char, 64> text{};
    const char* end =
        std::to_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed).ptr;
    std::string expected(text.data(), static_cast<size_t>(end - text.data()));
    if (expected.find('.') == std::string::npos) expected += ".0";
    ASSERT_EQ(FormatDoubleSql(value), expected);
    ASSERT_EQ(FormatDoubleSql(-value), "-" + expected);
  }
}

TEST(AppendJsonString, EscapesAndReplacesInvalidUtf8) {
  const auto quoted = [](std::string_view text) {
    std::string out;
    AppendJsonString(out, text);
    return out;
  };
  EXPECT_EQ(quoted("a\"b\\c/\b\f\n\r\t"), R"("a\"b\\c/\b\f\n\r\t")");
  EXPECT_EQ(quoted(std::string_view("\0\x1f", 2)), R"("\u0000\u001f")");
  EXPECT_EQ(quoted("z\xC3\xBC\xE2\x82\xAC\xF0\x9F\x98\x80"),
            "\"z\xC3\xBC\xE2\x82\xAC\xF0\x9F\x98\x80\"");
  EXPECT_EQ(quoted("a\xff"
                   "b"),
            "\"a\xEF\xBF\xBD"
            "b\"");
  EXPECT_EQ(quoted("\xC3"), "\"\xEF\xBF\xBD\"");                                  // cut short
  EXPECT_EQ(quoted("\xC0\x80"), "\"\xEF\xBF\xBD\xEF\xBF\xBD\"");                  // overlong
  EXPECT_EQ(quoted("\xED\xA0\x80"), "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\"");  // surrogate
}

TEST(AppendJsonString, AnyBytesGiveJsonThatReadsBack) {
  const uint64_t seed = TestSeed();
  SCOPED_TRACE(SeedTrace(seed));
  SeededRandom random(seed);
  for (int i = 0; i < 3000; ++i) {
    std::string text;
    for (uint64_t n = random.Below(12); n > 0; --n)
      text.push_back(static_cast<char>(random.Next()));
    std::string out;
    AppendJsonString(out, text);
    const auto parsed = ParseJson(out);
    ASSERT_TRUE(parsed.ok()) << out;
    std::string again;
    AppendJsonString(again, parsed->string_value());
    EXPECT_EQ(again, out);
  }
}

TEST(ParseJson, KeepsKindsOrderAndRepeatedNames) {
  const auto json =
      ParseJson(R"( {"n":null,"t":true,"f":false,"s":"\u00fc\n","a":[1,[]],"o":{},"n":2} )");
  ASSERT_TRUE(json.ok());
  ASSERT_EQ(json->object().size(), 7U);
  EXPECT_TRUE(json->Find("n")->is_null());
  EXPECT_TRUE(json->Find("t")->bool_value());
  EXPECT_FALSE(json->Find("f")->bool_value());
  EXPECT_EQ(json->Find("s")->string_value(), "\xC3\xBC\n");
  EXPECT_EQ(json->Find("a")->array().at(0).int_value(), 1);
  EXPECT_TRUE(json->Find("a")->array().at(1).is_array());
  EXPECT_TRUE(json->Find("o")->is_object());
  EXPECT_EQ(json->object().back().second.int_value(), 2);
  EXPECT_EQ(json->Find("missing"), nullptr);
  EXPECT_EQ(JsonValue::FromString("x").string_value(), "x");
}

TEST(ParseJson, NumbersAreExactAtTheLimits) {
  const auto json = ParseJson(
      "[9223372036854775807,-9223372036854775808,9223372036854775808,18446744073709551615,"
      "18446744073709551616,-9223372036854775809,3.0,2.5,1e3,\"18446744073709551616\",0]");
  ASSERT_TRUE(json.ok()) << json.error().message;
  const auto& items = json->array();
  ASSERT_EQ(items.size(), 11U);
  EXPECT_EQ(items[0].AsInt64(), std::numeric_limits<int64_t>::max());
  EXPECT_EQ(items[1].AsInt64(), std::numeric_limits<int64_t>::min());
  EXPECT_EQ(items[3].kind(), Kind::kUint);
  EXPECT_EQ(items[3].uint_value(), std::numeric_limits<uint64_t>::max());
  EXPECT_EQ(items[3].double_value(), 0x1p64);
  EXPECT_EQ(items[4].kind(), Kind::kDouble);
  EXPECT_EQ(items[4].double_value(), 0x1p64);
  EXPECT_EQ(items[4].AsInt64(), std::nullopt);
  EXPECT_EQ(items[5].double_value(), -0x1p63);
  EXPECT_EQ(items[6].AsInt64(), 3);
  EXPECT_EQ(items[7].AsInt64(), std::nullopt);
  EXPECT_EQ(items[8].AsInt64(), 1000);
  EXPECT_EQ(items[9].string_value(), "18446744073709551616");
  EXPECT_EQ(items[10].AsInt64(), 0);
}

TEST(ParseJson, AnIntegerBetweenTheLimitsIsUnsigned) {
  const auto json = ParseJson("9223372036854775808");
  ASSERT_TRUE(json.ok());
  EXPECT_EQ(json->kind(), Kind::kUint);
  EXPECT_EQ(json->uint_value(), uint64_t{1} << 63U);
  EXPECT_EQ(json->AsInt64(), std::nullopt);
}

TEST(ParseJson, RefusesWhatIsNotJson) {
  for (const char* text :
       {"", " ", "{", "[1,]", "{\"a\":1,}", "nul", "01", "1e400", "[1] x", "'a'", "\"\xff\"", "NaN",
        "\"\\q\"", "\"\t\"", "-", "1.", "00000000000000000000"}) {
    const auto json = ParseJson(text);
    ASSERT_FALSE(json.ok()) << text;
    EXPECT_EQ(json.error().code, Code::kInvalidArgument);
  }
}

TEST(ParseJson, BoundsTheDepth) {
  EXPECT_TRUE(ParseJson(std::string(60, '[') + std::string(60, ']')).ok());
  EXPECT_FALSE(ParseJson(std::string(70, '[') + std::string(70, ']')).ok());
}

}  // namespace
}  // namespace tidemark
