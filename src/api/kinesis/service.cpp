// SPDX-License-Identifier: Apache-2.0
// The envelope: media types, dispatch, answers, names.
#include "api/kinesis/service.h"

#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <utility>

#include "api/kinesis/service_internal.h"
#include "api/kinesis/validation_internal.h"
#include "base/base64.h"
#include "base/bytes.h"

namespace tidemark::kinesis {
namespace {

constexpr std::string_view kTokenKeySetting = "kinesis.token_key";
constexpr std::string_view kJson11 = "application/x-amz-json-1.1";

struct OperationSpec {
  std::string_view name;
  std::span<const Member> (*members)();
};
constexpr std::array kOperations = {
    OperationSpec{"PutRecords", PutRecordsMembers},
    OperationSpec{"PutRecord", PutRecordMembers},
    OperationSpec{"GetRecords", GetRecordsMembers},
    OperationSpec{"GetShardIterator", GetShardIteratorMembers},
    OperationSpec{"ListShards", ListShardsMembers},
    OperationSpec{"DescribeStream", DescribeStreamMembers},
    OperationSpec{"DescribeStreamSummary", DescribeStreamSummaryMembers},
    OperationSpec{"ListStreams", ListStreamsMembers},
    OperationSpec{"CreateStream", CreateStreamMembers},
    OperationSpec{"DeleteStream", DeleteStreamMembers},
};

const OperationSpec* FindOperation(std::string_view name) {
  for (const OperationSpec& spec : kOperations) {
    if (spec.name == name) return &spec;
  }
  return nullptr;
}

/// The media type without parameters, if it is one we speak (1.2); else empty.
std::string_view JsonMediaType(std::string_view content_type) {
  content_type = content_type.substr(0, content_type.find(';'));
  while (content_type.ends_with(' ')) content_type.remove_suffix(1);
  for (const std::string_view known : {kJson11, std::string_view("application/json"),
                                       std::string_view("application/x-amz-json-1.0")}) {
    if (http::EqualsIgnoreCase(content_type, known)) return known;
  }
  return {};
}

uint64_t Mix(uint64_t z) {  // splitmix64's output function
  z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9U;
  z = (z ^ (z >> 27U)) * 0x94d049bb133111ebU;
  return z ^ (z >> 31U);
}

}  // namespace

std::string ShardIdText(uint32_t shard) {
  std::array<char, 24> text{};
  const int size = std::snprintf(text.data(), text.size(), "shardId-%012u", shard);
  return {text.data(), static_cast<size_t>(size)};
}

std::optional<uint32_t> ParseShardId(std::string_view text) {
  const std::string_view digits = text.substr(text.rfind('-') + 1);
  uint32_t shard = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), shard);
  if (digits.empty() || error != std::errc() || end != digits.data() + digits.size())
    return std::nullopt;
  return shard;
}

void AppendSeconds(std::string& out, ArrivalTime time) {
  out += std::to_string(time.ms / 1000);
  const int64_t ms = time.ms % 1000;
  if (ms == 0) return;
  out += '.';
  out += static_cast<char>('0' + ms / 100);
  out += static_cast<char>('0' + ms / 10 % 10);
  out += static_cast<char>('0' + ms % 10);
}

ArrivalTime ParseSeconds(const JsonValue& number) {
  constexpr double kMillisecondsAbove = 1e11;
  constexpr double kFarAway = 9e15;  // beyond it a double does not hold every integer
  const double value = std::min(std::max(number.double_value(), -kFarAway), kFarAway);
  const double ms = value > kMillisecondsAbove ? value : value * 1000.0;
  return {std::llround(std::min(ms, kFarAway))};
}

std::string_view SequenceText::Format(const log::SequenceNumber& number) {
  constexpr uint64_t kStep = 65'536;  // one offset further
  const bool follows = !text_.empty() && number.hi == last_.hi && number.lo == last_.lo + kStep;
  last_ = number;
  if (!follows) {
    text_.clear();
    number.AppendTo(text_);
    return text_;
  }
  auto carry = static_cast<unsigned>(kStep);
  for (size_t i = text_.size(); carry != 0 && i > 0; --i) {
    const unsigned digit = static_cast<unsigned>(text_[i - 1] - '0') + carry;
    text_[i - 1] = static_cast<char>('0' + digit % 10);
    carry = digit / 10;
  }
  return text_;
}

namespace {

/// How a caller names itself, with bounds on what is kept of it.
log::ReaderKey ReaderOf(const http::Request& request) {
  constexpr size_t kTextMax = 64;
  log::ReaderKey reader;
  const std::string_view agent = request.Find("user-agent").value_or("unknown");
  reader.client = agent.substr(0, std::min(agent.find(' '), kTextMax));
  constexpr std::string_view kCredential = "Credential=";
  const std::string_view authorization = request.Find("authorization").value_or("");
  if (const size_t at = authorization.find(kCredential); at != std::string_view::npos) {
    const std::string_view rest = authorization.substr(at + kCredential.size());
    reader.access_key = rest.substr(0, std::min(rest.find('/'), kTextMax));
  }
  reader.address = request.peer.substr(0, request.peer.rfind(':'));
  return reader;
}

}  // namespace

namespace {

std::optional<PutNote> PutNoteOf(std::string_view operation, const http::Request& request) {
  if (operation != "PutRecords" && operation != "PutRecord") return std::nullopt;
  log::ReaderKey who = ReaderOf(request);
  PutNote note;
  note.producer = {{},
                   std::move(who.client),
                   std::move(who.access_key),
                   std::move(who.address),
                   std::string(operation)};
  return note;
}

}  // namespace

KinesisService::KinesisService(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
KinesisService::~KinesisService() = default;

Result<std::unique_ptr<KinesisService>> KinesisService::Open(const KinesisContext& context,
                                                             KinesisOptions options) {
  std::string key = context.catalog.GetSetting(kTokenKeySetting).value_or("");
  if (key.size() != kTokenKeyBytes) {
    ByteWriter bytes;
    while (bytes.size() < kTokenKeyBytes) bytes.PutU64(context.random.Next());
    key = std::move(bytes).Take();
    TM_RETURN_IF_ERROR(context.catalog.PutSetting(kTokenKeySetting, key));
  }
  return std::unique_ptr<KinesisService>(new KinesisService(
      std::make_unique<Impl>(context, std::move(options), std::move(key), context.random.Next())));
}

void KinesisService::Handle(std::string_view operation, http::Request request,
                            http::Responder responder) {
  impl_->Handle(operation, std::move(request), std::move(responder));
}

http::Response KinesisService::ErrorResponse(int status, std::string_view type,
                                             std::string_view message) {
  return impl_->MakeError(status, type, message, kJson11);
}

KinesisService::Impl::Impl(const KinesisContext& context, KinesisOptions options,
                           std::string token_key, uint64_t id_seed)
    : context_(context),
      options_(std::move(options)),
      tokens_(std::move(token_key)),
      id_state_(id_seed) {}

std::string KinesisService::Impl::NewRequestId() {
  // Unique, not secret: a counter through splitmix64, in the shape of a version 4 UUID.
  const uint64_t n = id_state_.fetch_add(2 * 0x9e3779b97f4a7c15U, std::memory_order_relaxed);
  const uint64_t a = Mix(n);
  const uint64_t b = Mix(n + 0x9e3779b97f4a7c15U);
  std::array<char, 40> text{};
  const int size = std::snprintf(
      text.data(), text.size(), "%08x-%04x-4%03x-%04x-%012llx", static_cast<unsigned>(a >> 32U),
      static_cast<unsigned>(a >> 16U & 0xffffU), static_cast<unsigned>(a & 0xfffU),
      static_cast<unsigned>(0x8000U | (b >> 48U & 0x3fffU)),
      static_cast<unsigned long long>(b & 0xffffffffffffU));
  return {text.data(), static_cast<size_t>(size)};
}

void KinesisService::Impl::AddCommonHeaders(http::Response& response, std::string_view content_type,
                                            bool cross_origin) {
  const std::string id = NewRequestId();
  response.headers.Add("x-amz-id-2", Base64Encode(id + id));
  response.headers.Add("x-amzn-RequestId", id);
  response.headers.Add("Content-Type", std::string(content_type));
  if (!cross_origin) return;
  response.headers.Add("Access-Control-Allow-Origin", "*");
  response.headers.Add(
      "Access-Control-Expose-Headers",
      "x-amzn-RequestId,x-amzn-ErrorType,x-amz-request-id,x-amz-id-2,x-amzn-ErrorMessage,Date");
}

http::Response KinesisService::Impl::MakeError(int status, std::string_view type,
                                               std::string_view message,
                                               std::string_view content_type) {
  http::Response response;
  response.status = status;
  AddCommonHeaders(response, content_type, false);
  response.headers.Add("x-amzn-ErrorType", std::string(type));
  JsonWriter json;
  json.BeginObject().Key("__type").String(type);
  // SerializationException spells it with a capital, and has none for a body that is no object
  // (1.5, 1.13).
  if (!message.empty())
    json.Key(type == "SerializationException" ? "Message" : "message").String(message);
  json.EndObject();
  response.body = std::move(json).Take();
  return response;
}

void KinesisService::Impl::Answer(const CallPtr& call, Outcome<std::string> outcome) {
  const std::string_view code = outcome ? "ok" : ErrorName(outcome.error().error);
  context_.metrics
      .GetCounter("tidemark_kinesis_requests_total", "Requests answered.",
                  {{"operation", call->operation}, {"code", std::string(code)}})
      .Add();
  if (call->put) NoteProducer(*call, outcome ? call->put->error : code);
  http::Response response;
  if (outcome) {
    AddCommonHeaders(response, call->content_type, call->cross_origin);
    response.body = *std::move(outcome);
  } else {
    const Failure& failure = outcome.error();
    response = MakeError(HttpStatus(failure.error), code, failure.message, call->content_type);
    if (call->cross_origin) response.headers.Add("Access-Control-Allow-Origin", "*");
  }
  call->responder.Send(std::move(response));
}

void KinesisService::Impl::NoteProducer(const Call& call, std::string_view error) {
  const PutNote& put = *call.put;
  if (put.producer.stream == StreamId{}) return;  // of no stream: the hand-shakes have it
  const bool taken = error.empty();
  context_.log.producers().Note(put.producer, {.records = taken ? put.records : 0,
                                               .bytes = taken ? put.bytes : 0,
                                               .error = error,
                                               .now = context_.clock.Now()});
}

void KinesisService::Impl::Post(const CallPtr& call, Lane lane,
                                std::move_only_function<Outcome<std::string>()> work) {
  auto posted = context_.executor.Post(
      lane, [this, call, work = std::move(work)]() mutable { Answer(call, work()); });
  if (!posted.ok()) {
    const bool stopping = posted.error().code != Code::kResourceExhausted;
    Answer(call, std::unexpected(Failure{
                     stopping ? KinesisError::kInternalFailure : KinesisError::kLimitExceeded,
                     stopping ? "The server is stopping." : "Rate exceeded."}));
  }
}

void KinesisService::Impl::Handle(std::string_view operation, http::Request request,
                                  http::Responder responder) {
  const OperationSpec* const spec = FindOperation(operation);
  const std::string_view media_type = JsonMediaType(request.Find("content-type").value_or(""));
  auto call = std::make_shared<Call>(Call{
      spec != nullptr ? std::string(operation) : "unknown",
      std::string(media_type.empty() ? kJson11 : media_type), request.Find("origin").has_value(),
      std::move(responder), operation == "GetRecords" ? ReaderOf(request) : log::ReaderKey{},
      PutNoteOf(operation, request)});
  if (media_type.empty()) {
    return Answer(call, std::unexpected(Failure{KinesisError::kUnsupportedMediaType, ""}));
  }
  if (spec == nullptr && request.body.empty()) {
    return Answer(call, std::unexpected(Failure{KinesisError::kUnknownOperation, ""}));
  }
  if (operation == "PutRecords") return PutRecords(call, std::move(request.body));
  auto input = ParseInput(call, request.body);
  if (input) Dispatch(call, *std::move(input));
}

std::optional<JsonValue> KinesisService::Impl::ParseInput(const CallPtr& call,
                                                          const std::string& body) {
  auto input = ParseJson(body);
  if (body.empty() || !input.ok() || !input->is_object()) {
    Answer(call, std::unexpected(Failure{KinesisError::kSerialization, ""}));
    return std::nullopt;
  }
  if (call->put) {
    // Also of what is refused below, if the stream that it names exists.
    const JsonValue* const name = input->Find("StreamName");
    const auto stream =
        name != nullptr && name->is_string() ? context_.log.Find(name->string_value()) : nullptr;
    if (stream != nullptr) call->put->producer.stream = stream->id();
  }
  const OperationSpec* const spec = FindOperation(call->operation);
  if (spec == nullptr) {
    Answer(call, std::unexpected(Failure{KinesisError::kUnknownOperation, ""}));
    return std::nullopt;
  }
  if (auto failure = Validate(*input, spec->members())) {
    Answer(call, std::unexpected(*std::move(failure)));
    return std::nullopt;
  }
  return std::move(input).value();
}

void KinesisService::Impl::Dispatch(const CallPtr& call, JsonValue input) {
  const std::string& operation = call->operation;
  if (operation == "PutRecord") return PutRecord(call, input);
  if (operation == "GetRecords") return GetRecords(call, input);
  if (operation == "GetShardIterator") return GetShardIterator(call, input);
  if (operation == "CreateStream") return CreateStream(call, input);
  if (operation == "DeleteStream") return DeleteStream(call, input);
  if (operation == "ListShards") return Answer(call, ListShards(input));
  if (operation == "ListStreams") return Answer(call, ListStreams(input));
  if (operation == "DescribeStream") return Answer(call, DescribeStream(input));
  if (operation == "DescribeStreamSummary") return Answer(call, DescribeStreamSummary(input));
  Answer(call, std::unexpected(Failure{KinesisError::kUnknownOperation, ""}));
}

// Names.

std::string KinesisService::Impl::Arn(std::string_view stream) const {
  return "arn:aws:kinesis:" + options_.region + ":" + options_.account + ":stream/" +
         std::string(stream);
}

std::string KinesisService::Impl::Under(std::string_view stream) const {
  return "Stream " + std::string(stream) + " under account " + options_.account;
}

Failure KinesisService::Impl::StreamNotFound(std::string_view stream) const {
  return {KinesisError::kResourceNotFound, Under(stream) + " not found."};
}

Failure KinesisService::Impl::ShardNotFound(std::string_view shard_id,
                                            std::string_view stream) const {
  return {KinesisError::kResourceNotFound, "Shard " + std::string(shard_id) + " in stream " +
                                               std::string(stream) + " under account " +
                                               options_.account + " does not exist"};
}

Outcome<std::string> KinesisService::Impl::StreamNameOf(Input input) {
  const JsonValue* const name = input.Find("StreamName");
  const JsonValue* const arn = input.Find("StreamARN");
  const bool has_name = name != nullptr && name->is_string();
  if (arn == nullptr || !arn->is_string()) {
    if (has_name) return name->string_value();
    return std::unexpected(Failure{KinesisError::kInvalidArgument,
                                   "Either StreamName or StreamARN should be provided."});
  }
  // Whose account and which region an ARN names does not matter (1.10).
  const std::string& text = arn->string_value();
  std::string from_arn = text.substr(text.rfind(":stream/") + 8);
  if (has_name && name->string_value() != from_arn) {
    return std::unexpected(Failure{KinesisError::kInvalidArgument,
                                   "StreamName " + name->string_value() + " and StreamARN " + text +
                                       " name different streams."});
  }
  return from_arn;
}

Outcome<std::shared_ptr<log::Stream>> KinesisService::Impl::FindStream(std::string_view name) {
  auto stream = context_.log.Find(name);
  if (stream == nullptr) return std::unexpected(StreamNotFound(name));
  return stream;
}

Outcome<std::shared_ptr<log::Stream>> KinesisService::Impl::FindStream(Input input) {
  auto name = StreamNameOf(input);
  if (!name) return std::unexpected(std::move(name).error());
  return FindStream(*name);
}

}  // namespace tidemark::kinesis
