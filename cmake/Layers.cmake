# Who may use whom (ARCHITECTURE.md, section Layers). Configuring fails on an edge outside this
# table; the ctest `layers` scans the #include lines for the same. A new edge is a reviewed line.
set(TM_LAYER_base "")
set(TM_LAYER_agg base)
set(TM_LAYER_catalog base)
set(TM_LAYER_log base catalog)
set(TM_LAYER_store base agg catalog)
set(TM_LAYER_sql base agg catalog store)
set(TM_LAYER_view base agg catalog store)
set(TM_LAYER_pipeline base catalog log store)
set(TM_LAYER_http base)
set(TM_LAYER_api_kinesis base agg catalog log store sql view pipeline http)
set(TM_LAYER_api_timestream base agg catalog log store sql view pipeline http)
set(TM_LAYER_api_console base agg catalog log store sql view pipeline http)
set(TM_LAYER_app base agg catalog log store sql view pipeline http
  api_kinesis api_timestream api_console)
set(TM_LAYERS base agg catalog log store sql view pipeline http
  api_kinesis api_timestream api_console app)

function(tm_check_layers)
  set(lines "")
  foreach(layer IN LISTS TM_LAYERS)
    string(REPLACE "_" "/" folder "${layer}")
    list(JOIN TM_LAYER_${layer} " " allowed)
    string(REPLACE "api_" "api/" allowed "${allowed}")
    string(APPEND lines "${folder}: ${allowed}\n")
  endforeach()
  file(WRITE "${CMAKE_BINARY_DIR}/layers.txt" "${lines}")
  add_test(NAME layers COMMAND python3 "${CMAKE_SOURCE_DIR}/scripts/check_layers.py"
    "${CMAKE_BINARY_DIR}/layers.txt" "${CMAKE_SOURCE_DIR}/src")
  set_tests_properties(layers PROPERTIES LABELS unit)
endfunction()
