using System.Reflection;
using RegistryProxy.Grains.Interfaces;

namespace RegistryProxy.Tests.Gateway.Cache;

/// <summary>Grains of a gateway's cache that are a script: every upstream is open to all, and elections are what a test says.</summary>
internal sealed class ScriptedGrains
{
    private static readonly UpstreamTokenResult Token = UpstreamTokenResult.Of(
        new UpstreamToken { Generation = 1, RefreshAfter = DateTimeOffset.MaxValue, Expires = DateTimeOffset.MaxValue });

    public ScriptedGrains()
    {
        Factory = Proxy.Of<IGrainFactory>((_, type, args) => type == typeof(IFetchGrain)
            ? Proxy.Of<IFetchGrain>((method, _, call) => Fetch((string)args[0]!, method, call))
            : type == typeof(IUpstreamTokenGrain) ? Proxy.Of<IUpstreamTokenGrain>((_, _, _) => new ValueTask<UpstreamTokenResult>(Token))
            : type == typeof(IRelayGrain) ? Proxy.Of<IRelayGrain>((_, _, _) => new ValueTask<UpstreamTokenResult>(Token))
            : type == typeof(IUpstreamStatusGrain) ? Proxy.Of<IUpstreamStatusGrain>((_, _, _) => ValueTask.CompletedTask)
            : type == typeof(IWriteShardGrain)
            ? Proxy.Of<IWriteShardGrain>((_, _, call) => new ValueTask(Tell((int)(long)args[0]!, (CacheChange)call[0]!)))
            : type == typeof(IUpstreamAccountGrain) ? Proxy.Of<IUpstreamAccountGrain>((_, _, _) => ValueTask.CompletedTask)
            : throw new InvalidOperationException($"nobody asks {type}"));
    }

    public IGrainFactory Factory { get; }

    /// <summary>What an election brings: of a blob, for a gateway that says which holder failed.</summary>
    public Func<string, FetchMember, string?, Task<FetchElection>> Elect { get; set; } =
        (_, _, _) => Task.FromResult(new FetchElection { Term = 1 });

    /// <summary>What becomes of the end of one.</summary>
    public Func<Task> End { get; set; } = () => Task.CompletedTask;

    /// <summary>What becomes of a write that a shard is told of.</summary>
    public Func<int, CacheChange, Task> Tell { get; set; } = (_, _) => Task.CompletedTask;

    /// <summary>How elections ended: the blob, the term, and whether it was kept.</summary>
    public List<(string Blob, long Term, bool Kept)> Ended { get; } = [];

    /// <summary>How many elections were asked for.</summary>
    public int Elections { get; private set; }

    private object Fetch(string blob, string method, object?[] args)
    {
        if (method == nameof(IFetchGrain.Elect))
        {
            Elections++;
            return new ValueTask<FetchElection>(Elect(blob, (FetchMember)args[0]!, (string?)args[1]));
        }

        Ended.Add((blob, (long)args[0]!, (bool)args[1]!));
        return new ValueTask(End());
    }

#pragma warning disable CA1852 // DispatchProxy derives from it.
    internal class Proxy : DispatchProxy
    {
        private Func<string, Type?, object?[], object?> _answer = null!;

        public static T Of<T>(Func<string, Type?, object?[], object?> answer)
            where T : class
        {
            var proxy = Create<T, Proxy>();
            ((Proxy)(object)proxy)._answer = answer;
            return proxy;
        }

        protected override object? Invoke(MethodInfo? targetMethod, object?[]? args) =>
            _answer(targetMethod!.Name, targetMethod.IsGenericMethod ? targetMethod.GetGenericArguments()[0] : null, args!);
    }
#pragma warning restore CA1852
}
