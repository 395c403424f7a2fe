<?php
// The PHP peer: one job, by PropOps' own SQL, in the same fields. Like the Node peer it checks nothing and opens no sealed value.
$plan = require $_SERVER['BENCH_PLAN'];
$org = explode('.', $_SERVER['HTTP_HOST'], 2)[0];
$database = new PDO(
    "pgsql:host={$_SERVER['SOCKETS']};dbname=propops;options='-c plan_cache_mode=force_generic_plan -c jit=off -c timezone=UTC'",
    null,
    null,
    [PDO::ATTR_PERSISTENT => true, PDO::ATTR_ERRMODE => PDO::ERRMODE_EXCEPTION]
);
$text = preg_replace('/\$(\d+)/', ':p$1', str_replace('@org', "org_$org", $plan['statements']['get']));
$statement = $database->prepare($text);
$statement->execute(['p1' => $plan['account_id'], 'p2' => 1, 'p3' => $_GET['uuid']]);
$row = $statement->fetch(PDO::FETCH_NUM);
$data = [];
foreach ($plan['columns'] as $i => [$name, $type]) {
    $value = $row[$i];
    $type = rtrim($type, '?');
    if (str_starts_with($type, 'sealed')) {
        $value = null;
    } elseif ($value !== null) {
        if ($type === 'bigint') {
            $value = (int) $value;
        } elseif ($type === 'numeric') {
            $value = (float) $value;
        } elseif ($type === 'instant') {
            $value = substr($value, 0, 10) . 'T' . substr($value, 11, 8) . 'Z';
        } elseif ($type === 'bigint[]') {
            $value = $value === '{}' ? [] : array_map(intval(...), explode(',', substr($value, 1, -1)));
        }
    }
    $data[$name] = $value;
}
header('content-type: application/json');
echo json_encode(['success' => true, 'data' => $data], JSON_UNESCAPED_UNICODE | JSON_UNESCAPED_SLASHES);
