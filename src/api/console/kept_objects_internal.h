// SPDX-License-Identifier: Apache-2.0
// What the objects that people keep have in common (web/API.md section 1): lists, tags of their
// state, texts of bounded size. Pure functions.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/console/reply_internal.h"
#include "base/json.h"
#include "http/message.h"

namespace tidemark::console {

inline constexpr size_t kObjectsMax = 1000;  // of a kind

/// How a list is wished: limit, cursor, q and sort.
struct ListWish {
  size_t limit = 100;
  size_t skip = 0;
  std::string q;     // lower case
  std::string sort;  // a member
  bool descending = false;
};
std::optional<Failure> ReadListWish(const http::Request& request, ListWish& out);

/// One item of a list: what it is sought and sorted by, and its JSON.
struct ListItem {
  std::string title;
  std::string id;
  int64_t updated = 0;
  int64_t created = 0;
  std::function<void(JsonWriter&)> write;
};
std::string ListJson(std::vector<ListItem> items, const ListWish& wish);

/// "\"3\"".
std::string ETagOf(int64_t revision);
/// 428 without If-Match, 412 with another one; `current` writes the stored object.
std::optional<Failure> CheckIfMatch(const http::Request& request, int64_t revision,
                                    const std::function<std::string()>& current);
/// [A-Za-z0-9_-]{1,64}
bool IsObjectId(std::string_view id);

/// The member as text of at most `characters_max`, unchanged if it is not there; null is "".
std::optional<Failure> ReadText(const JsonValue& body, std::string_view member,
                                size_t characters_max, std::string& out);
std::optional<Failure> ReadTags(const JsonValue& body, std::vector<std::string>& out);

std::string JsonText(const JsonValue& value);

http::Response WithETag(http::Response response, int64_t revision);
/// 201 or 200 with the object.
http::Response Stored(int status, std::string json, int64_t revision);

}  // namespace tidemark::console
