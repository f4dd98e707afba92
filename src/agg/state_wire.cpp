// SPDX-License-Identifier: Apache-2.0
// The bytes of a state: docs/format/agg.md, fixed by state_wire_test.cpp.
#include <cmath>
#include <string>
#include <utility>

#include "agg/distinct_sketch.h"
#include "agg/extremes_internal.h"
#include "agg/moments.h"
#include "agg/percentiles.h"
#include "agg/series_fold.h"
#include "agg/state_internal.h"
#include "base/check.h"

namespace tidemark::agg {
namespace {

void AppendScalar(ByteWriter& out, const Scalar& value) {
  if (const auto* number = std::get_if<double>(&value)) return out.PutF64(*number);
  if (const auto* integer = std::get_if<int64_t>(&value)) return out.PutI64(*integer);
  if (const auto* text = std::get_if<std::string>(&value)) return out.PutString(*text);
  if (const auto* truth = std::get_if<bool>(&value)) return out.PutU8(*truth ? 1 : 0);
  if (const auto* time = std::get_if<EventTime>(&value)) return out.PutI64(time->ns);
  TM_UNREACHABLE();
}

Error Malformed(std::string_view what) {
  return Error{Code::kCorruption, "aggregate state: " + std::string(what)};
}

Result<Scalar> ReadScalar(Type type, ByteReader& in) {
  Scalar value;
  switch (type) {
    case Type::kDouble: {
      const double number = in.GetF64();
      if (std::bit_cast<uint64_t>(number) != std::bit_cast<uint64_t>(CanonicalNan(number))) {
        return Malformed("NaN is not the canonical one");
      }
      value = number;
      break;
    }
    case Type::kBigint:
      value = in.GetI64();
      break;
    case Type::kVarchar:
      value = std::string(in.GetString());
      break;
    case Type::kBoolean: {
      const uint8_t truth = in.GetU8();
      if (truth > 1) return Malformed("BOOLEAN is neither 0 nor 1");
      value = truth == 1;
      break;
    }
    case Type::kTimestamp:
      value = EventTime{in.GetI64()};
      break;
  }
  if (!in.ok()) return Malformed("truncated value");
  return value;
}

template <typename Payload, typename T>
Result<Payload> ReadFold(Kind kind, ByteReader& in) {
  TM_ASSIGN_OR_RETURN(auto fold, SeriesFold<T>::Read(FoldOf<T>(kind), in));
  return Payload(std::make_unique<SeriesFold<T>>(std::move(fold)));
}

}  // namespace

void State::AppendTo(ByteWriter& out) const {
  out.PutVarint(count_);
  if (count_ == 0) return;
  if (const auto* sum = std::get_if<ExactSum>(&payload_)) return sum->AppendTo(out);
  if (const auto* sum = std::get_if<IntegerSum>(&payload_)) {
    out.PutU64(sum->low);
    out.PutI64(sum->high);
    return;
  }
  if (const auto* value = std::get_if<double>(&payload_)) return out.PutF64(*value);
  if (const auto* text = std::get_if<std::string>(&payload_)) return out.PutString(*text);
  if (const auto* value = std::get_if<int64_t>(&payload_)) {
    if (input_ == Type::kBoolean) return out.PutU8(static_cast<uint8_t>(*value));
    return out.PutI64(*value);
  }
  if (const auto* edge = std::get_if<std::unique_ptr<Edge>>(&payload_)) {
    out.PutI64((*edge)->time.ns);
    out.PutString((*edge)->series_key);
    return AppendScalar(out, (*edge)->value);
  }
  std::visit(
      [&](const auto& value) {
        if constexpr (requires { value->AppendTo(out); }) value->AppendTo(out);
      },
      payload_);
}

Result<State> State::Read(const Spec& spec, ByteReader& in) {
  State state(spec);
  state.count_ = in.GetVarint();
  if (!in.ok()) return Malformed("truncated count");
  if (state.count_ == 0) return state;
  if (spec.kind == Kind::kMoments) {
    TM_ASSIGN_OR_RETURN(auto moments, Moments<2>::Read(state.count_, in));
    state.payload_ = std::make_unique<Moments<2>>(std::move(moments));
    return state;
  }
  TM_ASSIGN_OR_RETURN(state.payload_, ReadPayload(spec, state.count_, in));
  return state;
}

Result<State::Payload> State::ReadPayload(const Spec& spec, uint64_t count, ByteReader& in) {
  switch (spec.kind) {
    case Kind::kCount:
      return Payload{};
    case Kind::kSum:
    case Kind::kAvg: {
      if (spec.input == Type::kDouble) {
        TM_ASSIGN_OR_RETURN(ExactSum sum, ExactSum::Read(in));
        return Payload(std::move(sum));
      }
      IntegerSum sum;
      sum.low = in.GetU64();
      sum.high = in.GetI64();
      if (!in.ok()) return Malformed("truncated integer sum");
      return Payload(sum);
    }
    case Kind::kMin:
    case Kind::kMax: {
      TM_ASSIGN_OR_RETURN(Scalar value, ReadScalar(spec.input, in));
      if (auto* number = std::get_if<double>(&value)) return Payload(*number);
      if (auto* text = std::get_if<std::string>(&value)) return Payload(std::move(*text));
      if (auto* truth = std::get_if<bool>(&value)) return Payload(int64_t{*truth ? 1 : 0});
      if (auto* time = std::get_if<EventTime>(&value)) return Payload(time->ns);
      return Payload(std::get<int64_t>(value));
    }
    case Kind::kFirst:
    case Kind::kLast: {
      auto edge = std::make_unique<Edge>();
      edge->time = EventTime{in.GetI64()};
      edge->series_key = in.GetString();
      TM_ASSIGN_OR_RETURN(edge->value, ReadScalar(spec.input, in));
      return Payload(std::move(edge));
    }
    case Kind::kMoments:
      break;  // needs the count
    case Kind::kPercentiles: {
      TM_ASSIGN_OR_RETURN(Percentiles percentiles, Percentiles::Read(in));
      return Payload(std::make_unique<Percentiles>(std::move(percentiles)));
    }
    case Kind::kDistinct: {
      TM_ASSIGN_OR_RETURN(DistinctSketch sketch, DistinctSketch::Read(in));
      return Payload(std::make_unique<DistinctSketch>(std::move(sketch)));
    }
    case Kind::kIncrease:
    case Kind::kDelta:
    case Kind::kTimeWeighted:
      if (spec.input == Type::kDouble) return ReadFold<Payload, double>(spec.kind, in);
      return ReadFold<Payload, int64_t>(spec.kind, in);
    case Kind::kHistogram: {
      TM_ASSIGN_OR_RETURN(Histogram histogram, Histogram::Read(spec.bounds, count, in));
      return Payload(std::make_unique<Histogram>(std::move(histogram)));
    }
  }
  TM_UNREACHABLE();
}

}  // namespace tidemark::agg
