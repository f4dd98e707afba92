// SPDX-License-Identifier: Apache-2.0
// Edge cases of scalar functions that the recorded answers do not reach.
#include "sql/kernels.h"

#include <cmath>

#include <gtest/gtest.h>

#include "sql/datetime.h"
#include "sql/datetime_format.h"
#include "sql/unicode.h"

namespace tidemark::sql {
namespace {

namespace k = kernels;

template <typename T>
std::string ErrorOf(const Result<T>& result) {
  return result.ok() ? "no error" : result.error().message;
}

// A single value must not take the memory of the whole server.
TEST(Kernels, BoundTheTextsTheyMake) {
  EXPECT_EQ(ErrorOf(k::PadLeft("a", 2147483647, "x")),
            "the text would be longer than 16777216 bytes");
  const std::string many(100'000, 'a');
  EXPECT_EQ(ErrorOf(k::Replace(many, "a", many)), "the text would be longer than 16777216 bytes");
  EXPECT_EQ(ErrorOf(k::Replace(many, "", many)), "the text would be longer than 16777216 bytes");
  EXPECT_EQ(ErrorOf(k::RegexpReplace(many, "a", many)),
            "the text would be longer than 16777216 bytes");
  EXPECT_NE(ErrorOf(k::LevenshteinDistance(many, many)), "no error");
  const std::string millions(2'000'000, 'a');
  EXPECT_NE(ErrorOf(k::Split(millions, "a")), "no error");
  EXPECT_NE(ErrorOf(k::RegexpSplit(millions, "")), "no error");
  EXPECT_NE(ErrorOf(k::RegexpExtractAll(millions, "a")), "no error");
  EXPECT_NE(ErrorOf(k::RegexpGroups(millions.substr(0, 400'000), "(a)()")), "no error");
}

TEST(Kernels, CountCharactersNotBytes) {  // timestream-sql.md 5.6
  EXPECT_EQ(*k::SubstringOf("a\xf0\x9f\x98\x80"
                            "b",
                            2, 1),
            "\xf0\x9f\x98\x80");
  EXPECT_EQ(*k::Reverse("a\xf0\x9f\x98\x80"
                        "\xc3\xa4"),
            "\xc3\xa4\xf0\x9f\x98\x80"
            "a");
  EXPECT_EQ(*k::PositionOf("\xc3\xa4"
                           "aa",
                           "a", 2),
            3);
  EXPECT_EQ(*k::PositionOf("aaaa", "aa", 3), 3);  // overlapping
  EXPECT_EQ(*k::LastPositionOf("aaaa", "aa", 2), 2);
  EXPECT_EQ(*k::LastPosition("abcabc", "bc"), 5);
  EXPECT_EQ(*k::LastPosition("abc", "z"), 0);
  EXPECT_EQ(*k::SplitPart("a,b", ",", 3), std::nullopt);
  EXPECT_EQ(*k::Cut("\xc3\xa4\xc3\xb6", 1), "\xc3\xa4");
  EXPECT_EQ(*k::Cut("ab", 0), "");
}

TEST(Kernels, MapLettersOneToOne) {
  EXPECT_EQ(UpperCodePoint(0xDF), 0xDFU);   // sharp s stays
  EXPECT_EQ(LowerCodePoint(0x130), 0x69U);  // I with a dot
  EXPECT_EQ(UpperCodePoint(0x1F80), 0x1F88U);
  EXPECT_EQ(UpperCodePoint(0x10428), 0x10400U);
  EXPECT_EQ(LowerCodePoint(0x10400), 0x10428U);
  for (uint32_t c = 0; c < 0x80; ++c) {
    EXPECT_EQ(UpperCodePoint(c), static_cast<uint32_t>(std::toupper(static_cast<int>(c))));
    EXPECT_EQ(LowerCodePoint(c), static_cast<uint32_t>(std::tolower(static_cast<int>(c))));
  }
  EXPECT_EQ(*k::TextToBigint("-\xd9\xa3\xd9\xa4"), -34);  // Arabic-Indic digits
  EXPECT_FALSE(k::TextToBigint("\xc2\xb2").ok());         // superscript two is no digit
}

TEST(Kernels, ReadAndWriteNumbersInAnyBase) {  // 5.4
  for (const int64_t n :
       {INT64_MIN, INT64_MIN + 1, int64_t{-1}, int64_t{0}, int64_t{35}, INT64_MAX}) {
    for (int64_t radix = 2; radix <= 36; ++radix) {
      EXPECT_EQ(*k::FromBase(*k::ToBase(n, radix), radix), n) << n << " " << radix;
    }
  }
  EXPECT_EQ(*k::FromBase("+Zz", 36), 1295);
  EXPECT_FALSE(k::FromBase("-", 10).ok());
  EXPECT_FALSE(k::FromBase("9223372036854775808", 10).ok());
}

TEST(Kernels, RandomNumbersFillTheirRange) {
  EXPECT_EQ(*k::RandomBetween(0, 0, INT64_MIN, INT64_MAX), INT64_MIN);
  EXPECT_EQ(*k::RandomBetween(0.9999999999, 0.9999999999, 0, 10), 9);
  EXPECT_EQ(*k::RandomBetween(0.5, 0, -10, 10), 0);
  EXPECT_FALSE(k::RandomBelow(0.5, 0.5, 0).ok());
}

TEST(Kernels, DateFieldsFollowIso8601) {  // 5.5
  EXPECT_EQ(*k::WeekOfYear(DaysOf({2016, 1, 3})), 53);
  EXPECT_EQ(*k::YearOfWeek(DaysOf({2016, 1, 3})), 2015);
  EXPECT_EQ(*k::YearOfWeek(DaysOf({2018, 12, 31})), 2019);
  EXPECT_EQ(*k::DayOfWeek(DaysOf({1969, 12, 31})), 3);
  EXPECT_EQ(*k::OfInstant<k::DayOfMonth>(-1), 31);
  EXPECT_EQ(*k::HourOf(-1), 23);
  EXPECT_EQ(*k::NanosecondOf(-1), 999'999'999);
  // Every day of 400 years: weeks are seven days, years begin with week 1.
  for (int64_t day = DaysOf({1900, 1, 1}); day < DaysOf({2300, 1, 1}); ++day) {
    const IsoWeek week = IsoWeekOf(day);
    ASSERT_EQ(FirstMonday(week.year) + (week.week - 1) * 7 + week.weekday - 1, day);
  }
}

TEST(Kernels, DateDiffCountsCompleteUnits) {
  const auto at = [](std::string_view text) { return *k::TextToTimestamp(text); };
  EXPECT_EQ(*k::DateDiff("month", at("2020-01-31 12:00"), at("2020-02-29 11:00")), 0);
  EXPECT_EQ(*k::DateDiff("month", at("2020-01-31 12:00"), at("2020-02-29 12:00")), 1);
  EXPECT_EQ(*k::DateDiff("month", at("2020-02-29 12:00"), at("2020-01-31 12:00")), -1);
  EXPECT_EQ(*k::DateDiff("year", at("2020-02-29"), at("2021-02-28")), 1);
  EXPECT_EQ(*k::DateAdd("quarter", -1, at("2020-05-31 10:00:00.123456789")),
            at("2020-02-29 10:00:00.123456789"));
  EXPECT_EQ(*k::DateDiff("month", at("2000-01-31"), at("2262-04-11")), 3146);
  EXPECT_EQ(*k::DateDiff("year", at("1677-09-22"), at("2262-04-11")), 584);
  EXPECT_FALSE(k::DateAdd("year", 1'000'000, 0).ok());
  EXPECT_FALSE(k::DateAdd("hour", INT64_MAX, 0).ok());
}

TEST(DatetimeFormat, KeepsTheDigitsThatAPatternPrints) {
  const int64_t ns = *k::TextToTimestamp("2019-12-31 23:59:59.999999999");
  EXPECT_EQ(*k::FormatDatetime(ns, "yyyy-MM-dd SSSSSSSSS"), "2019-12-31 999999999");
  EXPECT_EQ(*k::FormatDatetime(ns, "yyyy SSS"), "2020 000");
  EXPECT_EQ(*k::DateFormat(*k::TextToTimestamp("2020-02-09 03:04:05.006007008"), "%f"), "006007");
  EXPECT_EQ(*k::DateParse("1.123456789", "%s.%f"), 1'123'456'789);
}

TEST(DatetimeFormat, ReadsZonesAndBothLetterFamilies) {  // 5.5, W89
  const auto at = [](std::string_view text) { return *k::TextToTimestamp(text); };
  EXPECT_EQ(*k::ParseDatetime("2019-12-29 10:10 PST", "uuuu-LL-dd HH:mm z"),
            at("2019-12-29 18:10"));
  EXPECT_EQ(*k::ParseDatetime("2019-12-29T10:10:00+0130", "yyyy-MM-dd'T'HH:mm:ssZ"),
            at("2019-12-29 08:40"));
  EXPECT_EQ(*k::ParseDatetime("2019-12-29 10:10 -08:00", "yyyy-MM-dd HH:mm ZZ"),
            at("2019-12-29 18:10"));
  EXPECT_EQ(*k::FormatDatetime(0, "HH:mm:ssZ ZZ z"), "00:00:00+0000 +00:00 UTC");
  EXPECT_FALSE(k::ParseDatetime("10 XYZ", "HH z").ok());
  EXPECT_FALSE(k::FormatDatetime(0, "b").ok());
  EXPECT_FALSE(k::ParseDatetime("999999999 01", "xxxx ww").ok());
  EXPECT_FALSE(k::ParseDatetime("999999999", "yyyy").ok());
  EXPECT_FALSE(k::FromUnixtime(9.3e9).ok());
  EXPECT_EQ(*k::FromUnixtime(9.223e9), 9'223'000'000'000'000'000);
  EXPECT_FALSE(k::ParseDatetime("2300-01-01", "yyyy-MM-dd").ok());  // beyond int64 nanoseconds
}

TEST(Kernels, ReadJsonStrictly) {
  for (const char* bad : {"", "01", "1.", ".5", "+1", "[1,]", "{\"a\"}", "{a:1}", "\"\x01\"",
                          "\"\\x\"", "tru", "1 2", "[", "\"", "NaN"}) {
    EXPECT_FALSE(k::JsonParse(bad).ok()) << bad;
  }
  EXPECT_FALSE(k::JsonParse(std::string(100'000, '[')).ok());  // no deep recursion
  EXPECT_EQ(*k::JsonParse(R"( {"b" : [ ], "a":1.50, "b":{}} )"), R"({"a":1.5,"b":{}})");
  EXPECT_EQ(*k::JsonExtract(R"({"b": 1.50, "a": 2})", "$"), R"({"b":1.50,"a":2})");
  EXPECT_EQ(*k::JsonExtractScalar(R"({"a":"\ud83d\ude00\n\u00e9"})", "$.a"),
            "\xf0\x9f\x98\x80\n\xc3\xa9");
  EXPECT_EQ(*k::JsonExtractScalar(R"({"a\"b":[0,{"c":1}]})", R"($["a\"b"][1].c)"), "1");
  EXPECT_EQ(*k::JsonExtractScalar("[1]", "$[-1]"), std::nullopt);
  EXPECT_FALSE(k::JsonExtract("{}", "$.").ok());
  EXPECT_FALSE(k::JsonExtract("{}", "$[").ok());
  EXPECT_FALSE(k::JsonExtract("{}", "$[\"a").ok());
  EXPECT_EQ(*k::JsonArrayGet("[1, 2]", -1), "2");
  EXPECT_EQ(*k::JsonArrayContainsText(R"(["a"])", "a"), true);
  EXPECT_EQ(*k::JsonArrayLength("{}"), std::nullopt);
}

TEST(Kernels, TakeUrlsApart) {
  EXPECT_EQ(*k::UrlHost("http://user@[::1]:80/x"), "[::1]");
  EXPECT_EQ(*k::UrlPort("http://user@[::1]:80/x"), 80);
  EXPECT_EQ(*k::UrlPort("http://host/"), std::nullopt);
  EXPECT_EQ(*k::UrlPath("mailto:a@b"), "");
  EXPECT_EQ(*k::UrlHost("http://a b/"), std::nullopt);
  EXPECT_EQ(*k::UrlPath("http://h/%41%c3%a4"), "/A\xc3\xa4");
  EXPECT_EQ(*k::UrlPath("http://h/%ff"), "/\xef\xbf\xbd");  // a value of the dialect is UTF-8
  EXPECT_EQ(*k::UrlParameter("http://h?a=1&b+c=d%26e", "b c"), "d&e");
  EXPECT_EQ(*k::UrlEncode("a b/\xc3\xa4~"), "a+b%2F%C3%A4%7E");
}

}  // namespace
}  // namespace tidemark::sql
