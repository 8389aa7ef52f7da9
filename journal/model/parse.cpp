#include "pawl/journal/model/parse.hpp"

namespace pawl::journal {

Result<model::Model> parse_model(std::string_view bytes) {
  const std::size_t begin = bytes.find_first_not_of(" \t\r\n");
  if (begin == std::string_view::npos) return Error{ErrorCode::bad_data, "it is empty"};
  if (bytes.substr(begin).starts_with("tree")) return parse_lightgbm(bytes);
  if (bytes[begin] != '{') return Error{ErrorCode::bad_data, "it is neither XGBoost's JSON, LightGBM's text nor a logistic model"};
  return bytes.find("\"pawl-logistic\"") != std::string_view::npos ? parse_logistic(bytes) : parse_xgboost(bytes);
}

}  // namespace pawl::journal
