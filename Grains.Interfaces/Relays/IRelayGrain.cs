using Orleans.CodeGeneration;
using Orleans.Concurrency;

namespace RegistryProxy.Grains.Interfaces;

/// <summary>
/// Passes a gateway's calls on. Orleans sends every call of a client to one grain through the same silo; when that silo does not respond,
/// the grain can be called through another one, by a relay with another key. A stateless worker: it runs wherever its call arrives.
/// </summary>
[Version(0), Alias("rp.IEntranceGrain")]
public interface IRelayGrain : IGrainWithIntegerKey
{
    /// <summary>Returns at once: its silo responds.</summary>
    [Alias("Ping"), AlwaysInterleave, ResponseTimeout("00:00:01")]
    ValueTask Ping(CancellationToken cancellation = default);

    /// <summary>Returns at once: the silo on which it runs, one life of one process.</summary>
    [Alias("Where"), AlwaysInterleave, ResponseTimeout("00:00:01")]
    ValueTask<string> Where(CancellationToken cancellation = default);

    /// <summary>As <see cref="ILoginGrain.Login"/>.</summary>
    [Alias("Login"), AlwaysInterleave, ResponseTimeout(LoginTimes.RelayCall)]
    ValueTask<LoginResult> Login(LoginRequest request, CancellationToken cancellation = default);

    /// <summary>As <see cref="ILoginGrain.CreateNonce"/>.</summary>
    [Alias("CreateNonce"), AlwaysInterleave, ResponseTimeout("00:00:05")]
    ValueTask<string?> CreateNonce(string tenant, string authenticator, CancellationToken cancellation = default);

    /// <summary>As <see cref="IInteractiveLoginGrain.Begin"/>.</summary>
    [Alias("BeginPeopleLogin"), AlwaysInterleave, ResponseTimeout("00:00:09")]
    ValueTask<InteractiveLoginStart> BeginInteractiveLogin(InteractiveLoginRequest request, CancellationToken cancellation = default);

    /// <summary>As <see cref="IInteractiveLoginGrain.Finish"/>.</summary>
    [Alias("FinishPeopleLogin"), AlwaysInterleave, ResponseTimeout(LoginTimes.RelayCall)]
    ValueTask<LoginResult> FinishInteractiveLogin(InteractiveLoginReply reply, CancellationToken cancellation = default);

    /// <summary>As <see cref="IInteractiveLoginGrain.BeginDevice"/>.</summary>
    [Alias("BeginDevice"), AlwaysInterleave, ResponseTimeout("00:00:05")]
    ValueTask<DeviceLoginStart?> BeginDevice(string tenant, string clientAddress, CancellationToken cancellation = default);

    /// <summary>As <see cref="IInteractiveLoginGrain.BeginDeviceLogin"/>.</summary>
    [Alias("BeginDeviceLogin"), AlwaysInterleave, ResponseTimeout("00:00:05")]
    ValueTask<DeviceLoginStart?> BeginDeviceLogin(
        string tenant, string clientAddress, bool administers, CancellationToken cancellation = default);

    /// <summary>As <see cref="IInteractiveLoginGrain.SearchDevice"/>.</summary>
    [Alias("SearchDevice"), AlwaysInterleave, ResponseTimeout("00:00:05")]
    ValueTask<DeviceSearch> SearchDevice(string tenant, string userCode, string clientAddress, CancellationToken cancellation = default);

    /// <summary>As <see cref="ISnapshotGrain.Follow"/>.</summary>
    [Alias("Follow"), AlwaysInterleave, ResponseTimeout("00:00:03")]
    ValueTask<SnapshotUpdate> Follow(ISnapshotObserver observer, SnapshotPosition known, CancellationToken cancellation = default);

    /// <summary>As <see cref="ISessionGrain.Decide"/> of the session with this key.</summary>
    [Alias("Decide"), AlwaysInterleave, ResponseTimeout("00:00:03")]
    ValueTask<SessionDecision> Decide(string sessionKey, string sessionId, long generation, CancellationToken cancellation = default);

    /// <summary>As <see cref="ISessionGrain.DecideAll"/> of the identity with this key.</summary>
    [Alias("DecideAll"), AlwaysInterleave, ResponseTimeout("00:00:03")]
    ValueTask<SessionDecisions> DecideAll(
        string sessionKey, IReadOnlyList<string> sessions, long generation, CancellationToken cancellation = default);

    /// <summary>As <see cref="IUpstreamTokenGrain.GetToken"/> of the token with this key.</summary>
    [Alias("GetGrant"), AlwaysInterleave, ResponseTimeout("00:00:10")]
    ValueTask<UpstreamTokenResult> GetToken(string tokenKey, CancellationToken cancellation = default);
}
