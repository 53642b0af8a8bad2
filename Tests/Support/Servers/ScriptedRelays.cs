using System.Collections.Concurrent;
using System.Reflection;
using RegistryProxy.Grains.Interfaces;

namespace RegistryProxy.Tests.Support.Servers;

/// <summary>Ways into a cluster that is a script: where each leads, and what is said there.</summary>
internal sealed class ScriptedRelays
{
    private readonly ConcurrentBag<int> _asked = [];

    public ScriptedRelays()
    {
        Factory = DispatchProxy.Create<IGrainFactory, FactoryProxy>();
        ((FactoryProxy)(object)Factory).Script = this;
    }

    public IGrainFactory Factory { get; }

    /// <summary>The silo to which a way leads; one that throws, or never answers, is a silo that does so.</summary>
    public Func<int, CancellationToken, Task<string>> Where { get; set; } = (_, _) => Task.FromResult("one");

    /// <summary>What becomes of a login by a way.</summary>
    public Func<int, CancellationToken, Task<LoginResult>> Login { get; set; } = (_, _) => Task.FromResult(LoginResult.Rejected(""));

    /// <summary>The ways by which a login was asked for.</summary>
    public IReadOnlyCollection<int> Asked => _asked;

    private object Relay(int way)
    {
        var relay = DispatchProxy.Create<IRelayGrain, RelayProxy>();
        (((RelayProxy)(object)relay).Script, ((RelayProxy)(object)relay).Way) = (this, way);
        return relay;
    }

#pragma warning disable CA1852 // DispatchProxy derives from them.
    internal class FactoryProxy : DispatchProxy
    {
        public ScriptedRelays Script { get; set; } = null!;

        protected override object? Invoke(MethodInfo? targetMethod, object?[]? args) => Script.Relay((int)(long)args![0]!);
    }

    internal class RelayProxy : DispatchProxy
    {
        public ScriptedRelays Script { get; set; } = null!;

        public int Way { get; set; }

        protected override object? Invoke(MethodInfo? targetMethod, object?[]? args)
        {
            var cancellation = (CancellationToken)args![^1]!;
            if (targetMethod!.Name == nameof(IRelayGrain.Where))
            {
                return new ValueTask<string>(Script.Where(Way, cancellation));
            }

            Script._asked.Add(Way);
            return new ValueTask<LoginResult>(Script.Login(Way, cancellation));
        }
    }
#pragma warning restore CA1852
}
