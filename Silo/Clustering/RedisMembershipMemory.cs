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
    /// ARGV: the version that is remembered, the name of the own row, then names and values of rows. The table went back when it is behind that
    /// version, or when the own row is gone; rows that others wrote meanwhile stay.
    /// </summary>
    private const string RestoreScript = """
        local known = tonumber(redis.call('HGET', KEYS[1], 'Version') or '-1')
        local remembered = tonumber(ARGV[1])
        if known >= remembered and redis.call('HEXISTS', KEYS[1], ARGV[2]) == 1 then return 0 end
        for i = 3, #ARGV, 2 do redis.call('HSETNX', KEYS[1], ARGV[i], ARGV[i + 1]) end
        redis.call('HSET', KEYS[1], 'Version', tostring(math.max(known, remembered) + 1))
        return 1
        """;

    private readonly RedisKey _key = options.Value.CreateRedisKey(cluster.Value);
    private HashEntry[] _rows = [];
    private long _version = -1;

    public async Task Remember(CancellationToken cancellation)
    {
        var all = await connection.GetDatabase().HashGetAllAsync(_key).WaitAsync(cancellation);
        var version = (long)all.FirstOrDefault(entry => entry.Name == Version).Value;
        if (version >= _version)
        {
            (_version, _rows) = (version, [.. all.Where(entry => entry.Name != Version)]);
        }
    }

    public async Task<bool> Restore(CancellationToken cancellation)
    {
        var own = silo.SiloAddress.ToString();
        if (!Array.Exists(_rows, row => row.Name == own))
        {
            return false;
        }

        RedisValue[] arguments = [_version, own, .. _rows.SelectMany(row => new[] { row.Name, row.Value })];
        return (int)await connection.GetDatabase().ScriptEvaluateAsync(RestoreScript, [_key], arguments).WaitAsync(cancellation) == 1;
    }
}
