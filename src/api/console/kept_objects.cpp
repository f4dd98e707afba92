// SPDX-License-Identifier: Apache-2.0
#include "api/console/kept_objects_internal.h"
#include "base/numbers.h"

namespace tidemark::console {
namespace {

constexpr size_t kTagsMax = 20;
constexpr size_t kTagCharactersMax = 64;

std::string Lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return out;
}

size_t Characters(std::string_view text) {
  return static_cast<size_t>(std::ranges::count_if(
      text, [](char c) { return (static_cast<uint8_t>(c) & 0xC0U) != 0x80U; }));
}

}  // namespace

std::optional<Failure> ReadListWish(const http::Request& request, ListWish& out) {
  for (const auto& [name, value] : request.DecodedQuery()) {
    if (name == "limit") {
      const auto limit = ParseInt64(value);
      if (!limit || *limit < 1 || *limit > 1000) {
        return InvalidRequest("limit must be from 1 to 1000", name);
      }
      out.limit = static_cast<size_t>(*limit);
    } else if (name == "cursor") {
      const auto skip = ParseInt64(value);
      if (!skip || *skip < 0) return InvalidRequest("it is no cursor of this list", name);
      out.skip = static_cast<size_t>(*skip);
    } else if (name == "q") {
      out.q = Lower(value);
    } else if (name == "sort") {
      out.descending = value.starts_with('-');
      out.sort = value.substr(out.descending ? 1 : 0);
      static constexpr std::array<std::string_view, 5> kMembers{"id", "name", "title", "created",
                                                                "updated"};
      if (std::ranges::find(kMembers, out.sort) == kMembers.end()) {
        return InvalidRequest("the list cannot be sorted by it", name);
      }
    } else {
      return InvalidRequest("the parameter is unknown", name);
    }
  }
  return std::nullopt;
}

std::string ListJson(std::vector<ListItem> items, const ListWish& wish) {
  std::erase_if(items, [&](const ListItem& item) {
    return Lower(item.title).find(wish.q) == std::string::npos &&
           Lower(item.id).find(wish.q) == std::string::npos;
  });
  const auto before = [&](const ListItem& a, const ListItem& b) {
    if (wish.sort == "created") return std::pair(a.created, a.id) < std::pair(b.created, b.id);
    if (wish.sort == "updated") return std::pair(a.updated, a.id) < std::pair(b.updated, b.id);
    if (wish.sort == "id") return a.id < b.id;
    return std::pair(Lower(a.title), a.id) < std::pair(Lower(b.title), b.id);
  };
  std::ranges::sort(items, [&](const ListItem& a, const ListItem& b) {
    return wish.descending ? before(b, a) : before(a, b);
  });
  const size_t begin = std::min(wish.skip, items.size());
  const size_t end = std::min(begin + wish.limit, items.size());
  JsonWriter out;
  out.BeginObject().Key("items").BeginArray();
  for (size_t i = begin; i < end; ++i) items[i].write(out);
  out.EndArray();
  WriteTextOrNull(out, "next_cursor", end < items.size() ? std::to_string(end) : "");
  out.Key("total").Uint(items.size()).EndObject();
  return std::move(out).Take();
}

std::string ETagOf(int64_t revision) { return '"' + std::to_string(revision) + '"'; }

std::optional<Failure> CheckIfMatch(const http::Request& request, int64_t revision,
                                    const std::function<std::string()>& current) {
  const auto match = request.Find("If-Match");
  Failure failure;
  if (!match) {
    failure.status = 428;
    failure.code = "precondition_required";
    failure.message = "Send If-Match with the ETag of what you changed.";
    return failure;
  }
  if (*match == "*" || *match == ETagOf(revision)) return std::nullopt;
  failure.status = 412;
  failure.code = "precondition_failed";
  failure.message = "It was changed meanwhile.";
  failure.hint = "Compare both, then save again with the new ETag.";
  failure.current_json = current();
  return failure;
}

bool IsObjectId(std::string_view id) {
  return !id.empty() && id.size() <= 64 && std::ranges::all_of(id, [](char c) {
    return c == '_' || c == '-' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
           (c >= 'A' && c <= 'Z');
  });
}

std::optional<Failure> ReadText(const JsonValue& body, std::string_view member,
                                size_t characters_max, std::string& out) {
  const JsonValue* value = body.Find(member);
  if (value == nullptr) return std::nullopt;
  if (!value->is_string() && !value->is_null()) {
    return InvalidRequest("it must be a string", std::string(member));
  }
  const std::string text = value->is_null() ? std::string() : value->string_value();
  if (Characters(text) > characters_max) {
    return InvalidRequest("it may have " + std::to_string(characters_max) + " characters",
                          std::string(member));
  }
  out = text;
  return std::nullopt;
}

std::optional<Failure> ReadTags(const JsonValue& body, std::vector<std::string>& out) {
  const JsonValue* value = body.Find("tags");
  if (value == nullptr) return std::nullopt;
  if (!value->is_array() || value->array().size() > kTagsMax) {
    return InvalidRequest("it must be a list of at most 20 texts", "tags");
  }
  out.clear();
  for (const JsonValue& tag : value->array()) {
    if (!tag.is_string() || tag.string_value().empty() ||
        Characters(tag.string_value()) > kTagCharactersMax) {
      return InvalidRequest("a tag is a text of 1 to 64 characters", "tags");
    }
    out.push_back(tag.string_value());
  }
  return std::nullopt;
}

std::string JsonText(const JsonValue& value) {
  JsonWriter out;
  out.Value(value);
  return std::move(out).Take();
}

http::Response WithETag(http::Response response, int64_t revision) {
  response.headers.Set("ETag", ETagOf(revision));
  return response;
}

http::Response Stored(int status, std::string json, int64_t revision) {
  http::Response response = WithETag(Replies::Ok(std::move(json)), revision);
  response.status = status;
  return response;
}

}  // namespace tidemark::console
