using Microsoft.Extensions.Options;
using Orleans.Clustering.Redis;
using Orleans.Configuration;
using StackExchange.Redis;

namespace RegistryProxy.Silo.Clustering;

/// <summary>
/// The hash of the Orleans membership in Redis: one field for each silo, and <c>Version</c>, a number that only grows. The rows are kept as
/// they are and never read.
/// </summary>
internal sealed class RedisMembershipMemory(
    IConnectionMultiplexer connection, ILocalSiloDetails silo, IOptions<RedisClusteringOptions> options, IOptions<ClusterOptions> cluster)
    : IMembershipMemory
{
    private const string Version = "Version";

    /// <summary>
    /// ARGV: the version that is remembered, the name of the own row, the note that was there when it was remembered, then names and values of
    /// rows. The table went back when it is behind that version, when the own row is gone, or when somebody put it back who knew an older one,
    /// as the note says. What is remembered then replaces what is there, except by one who only misses the own row; rows of others stay.
    /// </summary>
    private const string RestoreScript = """
        local known = tonumber(redis.call('HGET', KEYS[1], 'Version') or '-1')
        local remembered = tonumber(ARGV[1])
        local note = redis.call('GET', KEYS[2]) or ''
        local turn, from = string.match(note, '^(%d+):(%d+)$')
        turn, from = tonumber(turn or '0'), tonumber(from or '-1')
        local knew_less = note ~= ARGV[3] and from < remembered
        if not knew_less and known >= remembered and redis.call('HEXISTS', KEYS[1], ARGV[2]) == 1 then return {0, note} end
        local put = (knew_less or known < remembered) and 'HSET' or 'HSETNX'
        for i = 4, #ARGV, 2 do redis.call(put, KEYS[1], ARGV[i], ARGV[i + 1]) end
        redis.call('HSET', KEYS[1], 'Version', string.format('%d', math.max(known, remembered) + 1))
        note = string.format('%d:%d', turn + 1, math.max(from, remembered))
        redis.call('SET', KEYS[2], note)
        return {1, note}
        """;

    private readonly RedisKey _key = options.Value.CreateRedisKey(cluster.Value);
    private readonly Lock _lock = new();
    private Table? _table;

    /// <summary>Who put the table back last; in the slot of a Redis cluster in which the table is.</summary>
    private RedisKey NoteKey => $"{{{_key}}}/restored";

    public async Task Remember(CancellationToken cancellation)
    {
        var reading = connection.GetDatabase().CreateTransaction();
        var (rows, note) = (reading.HashGetAllAsync(_key), reading.StringGetAsync(NoteKey));
        await reading.ExecuteAsync().WaitAsync(cancellation);
        var (all, now) = (await rows, (string?)await note ?? "");
        var version = (long)all.FirstOrDefault(entry => entry.Name == Version).Value;
        lock (_lock)
        {
            // Under another note it is for Restore to say first who knows more.
            if (_table is null || (version >= _table.Version && now == _table.Note))
            {
                _table = new(version, now, [.. all.Where(entry => entry.Name != Version)]);
            }
        }
    }

    public async Task<bool> Restore(CancellationToken cancellation)
    {
        var own = silo.SiloAddress.ToString();
        if (Volatile.Read(ref _table) is not { } table)
        {
            return false;
        }

        if (!Array.Exists(table.Rows, row => row.Name == own))
        {
            // Who does not belong to it yet has nothing to put back.
            Interlocked.CompareExchange(ref _table, null, table);
            return false;
        }

        RedisValue[] arguments = [table.Version, own, table.Note, .. table.Rows.SelectMany(row => new[] { row.Name, row.Value })];
        var answer = (RedisResult[])(await connection.GetDatabase().ScriptEvaluateAsync(RestoreScript, [_key, NoteKey], arguments).WaitAsync(cancellation))!;
        lock (_lock)
        {
            _table = _table is { } current ? current with { Note = (string)answer[1]! } : null;
        }

        return (int)answer[0] == 1;
    }

    private sealed record Table(long Version, string Note, HashEntry[] Rows);
}
