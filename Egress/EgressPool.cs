using System.Collections.Concurrent;

namespace RegistryProxy.Egress;

/// <summary>
/// The ways out, one for each settings in use. One that nobody has taken for ten minutes is forgotten; its connections end by themselves,
/// once they are idle.
/// </summary>
/// <param name="build">Makes what sends, above a handler of this project.</param>
public sealed class EgressPool(Func<EgressSettings, HttpMessageHandler> build, TimeProvider time) : IDisposable
{
    private static readonly TimeSpan Life = TimeSpan.FromMinutes(10);

    private readonly ConcurrentDictionary<EgressSettings, Entry> _entries = new();

    /// <summary>The one of settings.</summary>
    public HttpMessageInvoker For(EgressSettings settings) => Find(settings).Invoker.Value;

    /// <summary>The same for a library that wants a handler, which it must not dispose of.</summary>
    public HttpMessageHandler HandlerFor(EgressSettings settings) => Find(settings).Handler.Value;

    /// <summary>Ends all of them.</summary>
    public void Dispose()
    {
        foreach (var entry in _entries.Values.Where(entry => entry.Handler.IsValueCreated))
        {
            entry.Handler.Value.Dispose();
        }
    }

    private Entry Find(EgressSettings settings)
    {
        var entry = _entries.TryGetValue(settings, out var known) ? known : Add(settings);
        entry.Used = time.GetTimestamp();
        return entry;
    }

    private Entry Add(EgressSettings settings)
    {
        foreach (var old in _entries.Where(each => time.GetElapsedTime(each.Value.Used) > Life))
        {
            _entries.TryRemove(old);
        }

        return _entries.GetOrAdd(settings, static (key, pool) => new Entry(new(() => pool.Build(key))) { Used = pool.Now }, this);
    }

    private long Now => time.GetTimestamp();

    private HttpMessageHandler Build(EgressSettings settings) => build(settings);

    private sealed class Entry(Lazy<HttpMessageHandler> handler)
    {
        private long _used;

        public Lazy<HttpMessageHandler> Handler => handler;

        public Lazy<HttpMessageInvoker> Invoker { get; } = new(() => new HttpMessageInvoker(handler.Value));

        public long Used
        {
            get => Volatile.Read(ref _used);
            set => Volatile.Write(ref _used, value);
        }
    }
}
