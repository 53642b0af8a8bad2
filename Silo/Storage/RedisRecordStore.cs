using System.Globalization;
using System.Runtime.CompilerServices;
using Orleans.Storage;
using RegistryProxy.Background;
using StackExchange.Redis;

namespace RegistryProxy.Silo.Storage;

/// <summary>
/// One hash for each state, with its version and its content, in the layout of Orleans' own storage, which knows one end for all records:
/// here each has its own, set together with the content.
/// </summary>
internal sealed class RedisRecordStore(ConfigurationOptions server, string service, TimeProvider time, int maxBytes = StoredRecord.MaxBytes)
    : IRecordStore, IAsyncDisposable
{
    /// <summary>The longest version; ours have 32 characters.</summary>
    private const int MaxETag = 64;

    /// <summary>The longest key of a record, in bytes; ours have a tenth of it. Others' are not even read.</summary>
    public const int MaxKey = 8 * 1024;

    /// <summary>The most keys that are taken of one page; Redis gives some more than it is asked for, never so many.</summary>
    public const int MaxPage = 1000;

    private const int KeysAtOnce = 250;

    /// <summary>Keys of a Redis that are looked through in a second, whosever they are.</summary>
    private const int MaxKeysPerSecond = 5000;

    /// <summary>What is there and has no version that can be known is damaged; nobody knows that version.</summary>
    private static readonly string Known = $"""
        local kind, e = redis.call('TYPE', KEYS[1]).ok, ''
        if kind ~= 'none' then
          e = kind == 'hash' and redis.call('HSTRLEN', KEYS[1], 'etag') <= {MaxETag} and redis.call('HGET', KEYS[1], 'etag') or ''
          if e == '' then return 'damaged' end
        end

        """;

    /// <summary>Lengths are looked at before anything is sent. The end comes with the content: nothing is written between them.</summary>
    private static readonly string ReadScript = $$"""
        local kind = redis.call('TYPE', KEYS[1]).ok
        if kind == 'none' then return false end
        if kind ~= 'hash' then return {'it is a ' .. kind .. ' in Redis, not a hash'} end
        local tag, size = redis.call('HSTRLEN', KEYS[1], 'etag'), redis.call('HSTRLEN', KEYS[1], 'data')
        if tag == 0 then return {'its hash in Redis has no etag'} end
        if tag > {{MaxETag}} then return {'the etag of its hash in Redis is longer than {{MaxETag}} bytes'} end
        if size == 0 then return {'its hash in Redis has no data'} end
        if size > tonumber(ARGV[1]) then return {'its data in Redis is larger than ' .. ARGV[1] .. ' bytes'} end
        return {'', redis.call('HGET', KEYS[1], 'etag'), redis.call('HGET', KEYS[1], 'data'), redis.call('PTTL', KEYS[1])}
        """;

    /// <summary>A state that was sealed anew has the same version, and another number.</summary>
    private static readonly string MarkScript = $$"""
        local kind = redis.call('TYPE', KEYS[1]).ok
        if kind == 'none' then return false end
        if kind ~= 'hash' then return kind end
        if redis.call('HSTRLEN', KEYS[1], 'etag') > {{MaxETag}} or redis.call('HSTRLEN', KEYS[1], 'sealed') > {{MaxETag}} then
          return 'damaged'
        end
        local tag, sealed = redis.call('HGET', KEYS[1], 'etag') or '', redis.call('HGET', KEYS[1], 'sealed') or ''
        return tag .. ' ' .. redis.call('HSTRLEN', KEYS[1], 'data') .. ' ' .. sealed
        """;

    private static readonly string WriteScript = Known + """
        if e ~= ARGV[1] then return e end
        redis.call('HSET', KEYS[1], 'etag', ARGV[2], 'data', ARGV[3])
        if ARGV[4] == '' then redis.call('PERSIST', KEYS[1]) else redis.call('PEXPIREAT', KEYS[1], ARGV[4]) end
        return false
        """;

    private static readonly string RemoveScript = Known + "if e ~= ARGV[1] then return e end redis.call('DEL', KEYS[1]) return false";

    private static readonly string ResealScript = Known + """
        if e ~= ARGV[1] then return e end
        redis.call('HSET', KEYS[1], 'data', ARGV[2], 'sealed', ARGV[3])
        return false
        """;

    private static readonly string EndScript = Known + """
        if e ~= ARGV[1] or redis.call('PTTL', KEYS[1]) ~= -1 then return e end
        redis.call('PEXPIREAT', KEYS[1], ARGV[2])
        return false
        """;

    /// <summary>Lengths are looked at before anything is sent.</summary>
    private static readonly string ScanScript = $$"""
        local page, kept = redis.call('SCAN', ARGV[1], 'MATCH', ARGV[2], 'COUNT', {{KeysAtOnce}}), {}
        for _, key in ipairs(page[2]) do
          if #key <= {{MaxKey}} and #kept < {{MaxPage}} then kept[#kept + 1] = key end
        end
        return {page[1], kept}
        """;

    /// <summary>With Sentinel each try has options of its own: the library writes into them which servers it was told of.</summary>
    private readonly RedisConnection _connection = new(() => ConnectionMultiplexer.ConnectAsync(server.Clone()));

    public int MaxBytes => maxBytes;

    private string Prefix => $"{service}/state/";

    public async Task<StoredRecord?> Read(StateOwner owner) => await Read((await _connection.Get()).GetDatabase(), KeyOf(owner), owner);

    public async Task<string?> Mark(StateOwner owner) => (string?)await Run(MarkScript, KeyOf(owner));

    public async Task<string> Write(StateOwner owner, byte[] content, DateTimeOffset? keepUntil, string? etag)
    {
        var next = Guid.NewGuid().ToString("N");
        var end = keepUntil?.ToUnixTimeMilliseconds().ToString(CultureInfo.InvariantCulture) ?? "";
        await RunOrRefuse(WriteScript, KeyOf(owner), etag, next, content, end);
        return next;
    }

    public Task Remove(StateOwner owner, string? etag) => RunOrRefuse(RemoveScript, KeyOf(owner), etag);

    public async IAsyncEnumerable<StoredRecord> All([EnumeratorCancellation] CancellationToken cancellation)
    {
        var connection = await _connection.Get();
        var pattern = string.Concat(Prefix.Select(letter => letter is '*' or '?' or '[' or ']' or '\\' ? $"\\{letter}" : letter.ToString()))
            + "*";
        foreach (var primary in connection.GetServers().Where(known => known is { IsConnected: true, IsReplica: false }))
        {
            await foreach (var key in Keys(primary, connection.GetDatabase().Database, pattern, cancellation))
            {
                if (await Read(connection.GetDatabase(), key, OwnerOf(key.ToString())) is { } record)
                {
                    yield return record;
                }
            }
        }
    }

    /// <summary>
    /// Others may have a Redis full of keys in which few are ours: the pause is for what is looked through, not for what is found.
    /// </summary>
    private async IAsyncEnumerable<RedisKey> Keys(
        IServer primary, int database, string pattern, [EnumeratorCancellation] CancellationToken cancellation)
    {
        var cursor = "0";
        do
        {
            var page = (RedisResult[])(await primary.ExecuteAsync(database, "EVAL", [ScanScript, 0, cursor, pattern]))!;
            cursor = page[0].ToString();
            foreach (var key in (RedisKey[])page[1]!)
            {
                yield return key;
            }

            if (cursor != "0")
            {
                await Task.Delay(TimeSpan.FromSeconds((double)KeysAtOnce / MaxKeysPerSecond), time, cancellation);
            }
        }
        while (cursor != "0");
    }

    public Task End(StoredRecord record, DateTimeOffset end) =>
        Run(EndScript, record.Place, record.ETag, end.ToUnixTimeMilliseconds().ToString(CultureInfo.InvariantCulture));

    public async Task<bool> TryBeginSweep(TimeSpan life) =>
        await (await _connection.Get()).GetDatabase().StringSetAsync($"{service}/sweep", Environment.MachineName, life, When.NotExists);

    public Task Reseal(StoredRecord record, byte[] content) =>
        Run(ResealScript, record.Place, record.ETag, content, Guid.NewGuid().ToString("N"));

    public Task Remove(StoredRecord record) => Run(RemoveScript, record.Place, record.ETag);

    public async Task<string?> FindRisk()
    {
        foreach (var server in (await _connection.Get()).GetServers().Where(known => known is { IsConnected: true, IsReplica: false }))
        {
            // As text: the library takes the command for one of administrators alone.
            var lines = ((string?)await server.ExecuteAsync("INFO", "memory") ?? "").Split("\r\n");
            if (Value("maxmemory_policy") is { } policy and not "noeviction" && Value("maxmemory") is not (null or "0"))
            {
                return $"Redis has the eviction policy {policy}: when its memory is full it drops robots, sessions and managed tenants "
                    + "without a word; set maxmemory-policy noeviction";
            }

            string? Value(string name) =>
                lines.FirstOrDefault(line => line.StartsWith($"{name}:", StringComparison.Ordinal))?[(name.Length + 1)..];
        }

        return null;
    }

    public ValueTask DisposeAsync() => _connection.DisposeAsync();

    private async Task<StoredRecord?> Read(IDatabase database, RedisKey key, StateOwner? owner)
    {
        var found = await database.ScriptEvaluateAsync(ReadScript, [key], [maxBytes]);
        if (found.IsNull)
        {
            return null;
        }

        // Redis 6 has no PEXPIRETIME; to the second is enough.
        return (RedisValue[])found! is [_, var etag, var content, var left]
            ? new StoredRecord(key.ToString(), owner, content!, etag.ToString(),
                (long)left < 0 ? null : time.GetUtcNow().AddMilliseconds((long)left))
            : new StoredRecord(key.ToString(), owner, [], "", null) { Damage = ((RedisValue[])found!)[0].ToString() };
    }

    private async Task<RedisResult> Run(string script, string key, params RedisValue[] values) =>
        await (await _connection.Get()).GetDatabase().ScriptEvaluateAsync(script, [key], values);

    private async Task RunOrRefuse(string script, string key, string? etag, params RedisValue[] values)
    {
        var result = await Run(script, key, [etag ?? "", .. values]);
        if (!result.IsNull)
        {
            throw new InconsistentStateException("the state was written by another activation", result.ToString(), etag);
        }
    }

    private string KeyOf(StateOwner owner) => $"{Prefix}{owner.Grain}/{owner.State}";

    private StateOwner? OwnerOf(string key) => key.LastIndexOf('/') is var last && last > Prefix.Length
        ? new StateOwner(service, key[Prefix.Length..last], key[(last + 1)..])
        : null;
}

/// <summary>
/// One connection for the process, which goes on by itself once it is made. While it cannot be made, which Sentinel says by an exception
/// where a server alone does not, each question tries anew.
/// </summary>
internal sealed class RedisConnection(Func<Task<ConnectionMultiplexer>> connect) : IAsyncDisposable
{
    private readonly SingleFlight<ConnectionMultiplexer> _connecting = new();
    private volatile ConnectionMultiplexer? _made;

    /// <summary>The connection.</summary>
    /// <exception cref="RedisConnectionException">It cannot be made now.</exception>
    public ValueTask<ConnectionMultiplexer> Get() => _made is { } made ? new(made) : new(_connecting.Join(Connect));

    public ValueTask DisposeAsync() => _made?.DisposeAsync() ?? ValueTask.CompletedTask;

    private async Task<ConnectionMultiplexer> Connect() => _made ??= await connect();
}
