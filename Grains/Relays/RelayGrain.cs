using Orleans.Concurrency;
using RegistryProxy.Grains.Configuration;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Grains.Login;

namespace RegistryProxy.Grains.Relays;

/// <summary>Passes questions on; a login is decided right here, by the silo that was asked.</summary>
[StatelessWorker, Reentrant, GrainType("entrance")]
internal sealed class RelayGrain(ILocalSiloDetails silo, LoginDesk logins, DecisionGate gate) : Grain, IRelayGrain
{
    public ValueTask Ping(CancellationToken cancellation = default) => ValueTask.CompletedTask;

    public ValueTask<string> Where(CancellationToken cancellation = default) => new(silo.SiloAddress.ToParsableString());

    public async ValueTask<LoginResult> Login(LoginRequest request, CancellationToken cancellation = default)
    {
        await Pass();
        return await logins.Login(request, cancellation);
    }

    public async ValueTask<string?> CreateNonce(string tenant, string authenticator, CancellationToken cancellation = default)
    {
        await Pass();
        return await logins.CreateNonce(tenant, authenticator);
    }

    public ValueTask<InteractiveLoginStart> BeginInteractiveLogin(
        InteractiveLoginRequest request, CancellationToken cancellation = default) =>
        People.Begin(request, cancellation);

    public ValueTask<LoginResult> FinishInteractiveLogin(InteractiveLoginReply reply, CancellationToken cancellation = default) =>
        People.Finish(reply, cancellation);

    public ValueTask<DeviceLoginStart?> BeginDevice(string tenant, string clientAddress, CancellationToken cancellation = default) =>
        People.BeginDevice(tenant, clientAddress, cancellation);

    public ValueTask<DeviceLoginStart?> BeginDeviceLogin(
        string tenant, string clientAddress, bool administers, CancellationToken cancellation = default) =>
        People.BeginDeviceLogin(tenant, clientAddress, administers, cancellation);

    public ValueTask<DeviceSearch> SearchDevice(
        string tenant, string userCode, string clientAddress, CancellationToken cancellation = default) =>
        People.SearchDevice(tenant, userCode, clientAddress, cancellation);

    public ValueTask<SnapshotUpdate> Follow(ISnapshotObserver observer, SnapshotPosition known, CancellationToken cancellation = default) =>
        GrainFactory.GetGrain<ISnapshotGrain>(0).Follow(observer, known, cancellation);

    public ValueTask<SessionDecision> Decide(
        string sessionKey, string sessionId, long generation, CancellationToken cancellation = default) =>
        GrainFactory.GetGrain<ISessionGrain>(sessionKey).Decide(sessionId, generation, cancellation);

    public ValueTask<SessionDecisions> DecideAll(
        string sessionKey, IReadOnlyList<string> sessions, long generation, CancellationToken cancellation = default) =>
        GrainFactory.GetGrain<ISessionGrain>(sessionKey).DecideAll(sessions, generation, cancellation);

    public ValueTask<UpstreamTokenResult> GetToken(string tokenKey, CancellationToken cancellation = default) =>
        GrainFactory.GetGrain<IUpstreamTokenGrain>(tokenKey).GetToken(cancellation);

    /// <summary>Nothing was begun: whatever is shown may be shown to another silo, which gateways do for this fault of Orleans.</summary>
    private async ValueTask Pass()
    {
        try
        {
            await gate.Pass();
        }
        catch (Exception fault) when (fault is TimeoutException or SiloUnavailableException)
        {
            throw new GatewayTooBusyException(fault.Message, fault);
        }
    }

    private IInteractiveLoginGrain People => GrainFactory.GetGrain<IInteractiveLoginGrain>(0);
}
