using System.Collections.Concurrent;
using System.Reflection;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Orleans.Concurrency;
using Orleans.Core.Internal;
using Orleans.Storage;
using RegistryProxy.Grains.Calls;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Grains.Sessions;
using RegistryProxy.Grains.SiloCalls;
using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Servers;
using RegistryProxy.Tests.Wire;

namespace RegistryProxy.Tests.Grains;

/// <summary>
/// What a gateway may call is a list: every other method of every grain refuses it. What is about a tenant's administration wants a token
/// of one of its administrators, or the pass that only a silo's own process has.
/// </summary>
public sealed class ClientCallsTests
{
    private const string Yaml = """
        upstreams: { up: { url: "https://up.example" } }
        tenants: { acme: { hosts: ["*"], routes: [{ prefix: "", upstream: up }] } }
        """;

    private const string AnyPass = "0000000000000000000000000000000000000000000000000000000000000000";

    private static readonly string[] OfGateways =
    [
        "IAuditTailGrain.Follow", "IAuditTailGrain.Names", "ICacheGrain.Changed", "ICacheGrain.Describe", "ICacheGrain.Follow",
        "ICacheGrain.Leave",
        "IFetchGrain.Elect", "IFetchGrain.End", "IInteractiveLoginGrain.Begin", "IInteractiveLoginGrain.BeginDevice",
        "IInteractiveLoginGrain.BeginDeviceLogin", "IInteractiveLoginGrain.FindDevice", "IInteractiveLoginGrain.Finish",
        "IInteractiveLoginGrain.SearchDevice", "ILimitSharesGrain.Grant", "ILimitSharesGrain.Share", "ILoginGrain.CreateNonce",
        "ILoginGrain.Login",
        "IOperationsGrain.Leave", "IOperationsGrain.Report", "IReferrersGrain.Enter", "IReferrersGrain.Leave", "IRelayGrain.BeginDevice",
        "IRelayGrain.BeginDeviceLogin", "IRelayGrain.BeginInteractiveLogin", "IRelayGrain.CreateNonce", "IRelayGrain.Decide",
        "IRelayGrain.DecideAll", "IRelayGrain.FinishInteractiveLogin", "IRelayGrain.Follow", "IRelayGrain.GetToken", "IRelayGrain.Login",
        "IRelayGrain.Ping", "IRelayGrain.SearchDevice", "IRelayGrain.Where", "ISessionGrain.Decide", "ISessionGrain.DecideAll",
        "ISessionGrain.EndOwn", "ISessionGrain.ListOwn", "ISnapshotGrain.Follow", "IUpstreamAccountGrain.BreakerChanged",
        "IUpstreamAccountGrain.Describe", "IUpstreamAccountGrain.Follow", "IUpstreamAccountGrain.Lease", "IUpstreamAccountGrain.Observe",
        "IUpstreamAccountGrain.Throttled", "IUpstreamStatusGrain.Describe", "IUpstreamStatusGrain.Noted", "IUpstreamStatusGrain.Seen",
        "IUpstreamTokenGrain.GetToken", "IUpstreamTokenGrain.Replace", "IUpstreamTokenGrain.ReplaceAsked", "IWriteShardGrain.Changed",
        "IWriteShardGrain.Follow", "IWriteShardGrain.Leave",
    ];

    private static readonly string[] WithToken = ["ITenantAdministrationGrain.Handle"];

    private static readonly string[] WithPass =
    [
        "IRobotRelayGrain.Create", "IRobotRelayGrain.EndSecret", "IRobotRelayGrain.List", "IRobotRelayGrain.Revoke",
        "IRobotRelayGrain.Rotate", "ISiloPassGrain.Write", "ITenantReportGrain.Change", "ITenantReportGrain.Forget",
        "ITenantReportGrain.Read",
    ];

    private static readonly string Session = new SessionKey("acme", "staff", "alice").ToString();

    private static readonly Assembly Internal = typeof(SilosAloneFilter).Assembly;

    [Fact]
    public void What_a_gateway_may_call_is_a_list()
    {
        var alone = SilosAloneFilter.MethodsOf(typeof(ISnapshotGrain).Assembly, Internal).Keys;
        var open = Interfaces.Where(type => type.IsPublic).SelectMany(type => type.GetMethods()).Except(alone).Select(NameOf);
        Assert.Equal(OfGateways.Concat(WithToken).Concat(WithPass).Order(StringComparer.Ordinal), open.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Of_all_that_silos_load_a_client_calls_the_interfaces_of_the_list_and_two_that_Orleans_cannot_do_without()
    {
        var all = LoadedInterfaces().ToList();
        foreach (var name in new[] { "IMemoryStorageGrain", "IManagementGrain", "IDashboardGrain", "IReminderTableGrain", "ISiloControl" })
        {
            Assert.Contains(all, type => type.Name == name);
        }

        var alone = SilosAloneFilter.MethodsOf(typeof(ISnapshotGrain).Assembly, Internal).Keys;
        Assert.All(ClientCallsFilter.OfClients, name => Assert.Contains(all, type => type.FullName == name));
        var listed = OfGateways.Concat(WithToken).Concat(WithPass).Select(name => name.Split('.')[0]);
        Assert.Equal(
            listed.Concat(["IClusterManifestSystemTarget", "IGrainCallCancellationExtension"]).Distinct().Order(StringComparer.Ordinal),
            all.Where(type => ClientCallsFilter.IsOpen(type, bySilo: false) && type.GetMethods().Except(alone).Any())
                .Select(type => type.Name).Order(StringComparer.Ordinal));

        // A silo is a client of what others made; of what is internal here it is none.
        Assert.DoesNotContain(all, type => type.Assembly == Internal && type.IsNotPublic && ClientCallsFilter.IsOpen(type, bySilo: true));
        Assert.Contains(all, type => type.Name == "IMemoryStorageGrain" && ClientCallsFilter.IsOpen(type, bySilo: true));
    }

    [Fact]
    public async Task Records_in_memory_and_the_management_of_the_cluster_are_no_matter_of_clients()
    {
        await using var cluster = await GrainCluster.Start(Yaml);
        var (gateway, silo) = (cluster.Client, cluster.Service<IGrainFactory>());
        for (var part = 0; part < 10; part++)
        {
            await Refused(gateway.GetGrain<IMemoryStorageGrain>(part).ReadStateAsync<ReadOnlyMemory<byte>>("keys/keyring/0"));
            await Refused(gateway.GetGrain<IMemoryStorageGrain>(part).DeleteStateAsync<ReadOnlyMemory<byte>>("keys/keyring/0", null));
        }

        await Refused(gateway.GetGrain<IManagementGrain>(0).GetHosts());
        await Refused(gateway.GetGrain<IManagementGrain>(0).ForceActivationCollection(TimeSpan.Zero));
        var session = gateway.GetGrain<ISessionGrain>(Session);
        await Refused(session.AsReference<IGrainManagementExtension>().DeactivateOnIdle().AsTask());

        // The client goes on with what is for it, and the silo with both.
        Assert.False((await session.Decide("unknown", 1)).Open);
        Assert.Single(await silo.GetGrain<IManagementGrain>(0).GetHosts());

        static async Task Refused(Task call) => await Assert.ThrowsAsync<UnauthorizedAccessException>(() => call);
    }

    [Fact]
    public async Task Whatever_else_a_client_calls_is_refused_by_every_method()
    {
        var refused = new Refusals();
        await using var cluster = await GrainCluster.Start(
            Yaml, silo: silo => silo.Services.AddSingleton<ILoggerProvider>(refused));
        var methods = Interfaces.Where(type => type.IsNotPublic).SelectMany(type => type.GetMethods())
            .Concat(Interfaces.Where(type => type.IsPublic).SelectMany(type => type.GetMethods()).Where(IsWithPass)).ToList();
        Assert.True(methods.Count > 50, $"{methods.Count}");
        foreach (var client in new[] { cluster.Client, cluster.Service<IGrainFactory>() })
        {
            refused.Names.Clear();
            foreach (var method in methods)
            {
                var call = () => Call(client, method);
                if (method.GetCustomAttribute<OneWayAttribute>() is null)
                {
                    var fault = await Record.ExceptionAsync(call);
                    Assert.True(fault is UnauthorizedAccessException, $"{NameOf(method)}: {fault?.GetType().Name ?? "was answered"}");
                }
                else
                {
                    // Nobody is told of what becomes of it; the log of the silo is.
                    await call();
                    await Eventually.True(() => refused.Names.ContainsKey(NameOf(method)), $"{NameOf(method)} is refused");
                }
            }
        }

        foreach (var path in new[] { "configuration", "configuration/history", "robots", "sessions", "audit", "usage", "explain" })
        {
            var reply = await cluster.Client.GetGrain<ITenantAdministrationGrain>("acme").Handle(new AdministrationRequest
            {
                Token = new RegistryProxy.Protocol.Secret(AnyPass), Method = "GET", Path = path,
            });
            Assert.Equal((401, null), (reply.Status, reply.Body));
        }
    }

    private static IEnumerable<Type> Interfaces => new[] { typeof(ISnapshotGrain).Assembly, Internal }
        .SelectMany(assembly => assembly.GetTypes())
        .Where(type => type.IsInterface && typeof(IGrain).IsAssignableFrom(type)
            && type.GetCustomAttribute<AliasAttribute>() is not null);

    /// <summary>Whatever can be called on a silo, of the product and of the libraries that it comes with.</summary>
    private static IEnumerable<Type> LoadedInterfaces() => Directory.EnumerateFiles(AppContext.BaseDirectory, "*.dll")
        .Where(file => Path.GetFileName(file) is var name && (name.StartsWith("Orleans", StringComparison.Ordinal)
            || name.StartsWith("RegistryProxy", StringComparison.Ordinal)))
        .Select(file => Assembly.Load(Path.GetFileNameWithoutExtension(file)))
        .Concat(AppDomain.CurrentDomain.GetAssemblies().Where(assembly => !assembly.IsDynamic)).Distinct()
        .Where(assembly => assembly.GetReferencedAssemblies().Any(known => known.Name!.StartsWith("Orleans", StringComparison.Ordinal)))
        .SelectMany(assembly => assembly.GetTypes())
        .Where(type => type.IsInterface && typeof(IAddressable).IsAssignableFrom(type) && !typeof(IGrainObserver).IsAssignableFrom(type)
            && type.GetMethods().Length > 0);

    private static string NameOf(MethodInfo method) => $"{method.DeclaringType!.Name}.{method.Name}";

    private static bool IsWithPass(MethodInfo method) => WithPass.Contains(NameOf(method));

    private static async Task Call(IGrainFactory client, MethodInfo method)
    {
        var type = method.DeclaringType!;
        IAddressable grain = typeof(IGrainWithIntegerKey).IsAssignableFrom(type)
            ? client.GetGrain(type, 0) : client.GetGrain(type, type == typeof(ISessionAuthorityGrain) ? Session : "acme");
        var arguments = method.GetParameters().Select(argument =>
            argument.ParameterType == typeof(CancellationToken) ? CancellationToken.None
            : argument.Name == "pass" ? AnyPass
            : WireSample.Of(argument.ParameterType, argument.Name!)).ToArray();
        var answer = method.Invoke(grain, arguments)!;
        await (answer as Task ?? (Task)(answer is ValueTask plain ? plain.AsTask()
            : answer.GetType().GetMethod(nameof(ValueTask<int>.AsTask))!.Invoke(answer, null)!));
    }

    /// <summary>What the filter of internal grains has refused.</summary>
    private sealed class Refusals : ILoggerProvider, ILogger
    {
        public ConcurrentDictionary<string, bool> Names { get; } = new();

        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Warning;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            var text = formatter(state, exception);
            if (text.StartsWith("A client called ", StringComparison.Ordinal))
            {
                Names[text.Split(' ')[3].TrimEnd(',')] = true;
            }
        }

        public void Dispose()
        {
        }
    }
}
