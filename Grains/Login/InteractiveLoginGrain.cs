using System.Security.Cryptography;
using System.Text;
using Orleans.Concurrency;
using RegistryProxy.Grains.Identity;
using RegistryProxy.Grains.Identity.Issuers;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Grains.Throttling;

namespace RegistryProxy.Grains.Login;

/// <summary>Sends people to their provider and takes them back.</summary>
[StatelessWorker, Reentrant, GrainType("peoplelogin")]
internal sealed class InteractiveLoginGrain(
    CodeFlows flows, FlowSeal seal, LoginVerifier verifier, AccessTokenIssuer issuer, DeviceLogins devices, LoginThrottle throttle,
    TimeProvider time)
    : Grain, IInteractiveLoginGrain
{
    public async ValueTask<InteractiveLoginStart> Begin(InteractiveLoginRequest request, CancellationToken cancellation = default)
    {
        var administers = request.Administers || IsForAdministration(request.UserCode);
        if (flows.Find(request.Tenant, request.Authenticator, administers) is not { } code)
        {
            return new InteractiveLoginStart(null, null, "there is no login of this name here");
        }

        var flow = LoginFlow.New(request.Tenant, request.Authenticator, code.Provider, request.UserCode, time.GetUtcNow())
            with { Administers = administers, Callback = flows.CallbackOf(request) };
        return await flows.AddressOf(code, flow, cancellation) is { } address
            ? new InteractiveLoginStart(address, await seal.Seal(flow), "")
            : new InteractiveLoginStart(
                null, null, $"the provider of '{request.Authenticator}' cannot be reached now; try again in a minute");
    }

    public ValueTask<LoginResult> Finish(InteractiveLoginReply reply, CancellationToken cancellation = default) =>
        verifier.Within(LoginTimes.Login, stop => FinishInTime(reply, stop), cancellation);

    private async ValueTask<LoginResult> FinishInTime(InteractiveLoginReply reply, CancellationToken cancellation)
    {
        if (await seal.Open(reply.Flow) is not { } flow || flow.Tenant != reply.Tenant || !SameState(flow, reply)
            || (flow.Callback ?? reply.Callback) != reply.Callback
            || flows.Find(flow.Tenant, flow.Authenticator, flow.Administers) is not { } code
            || (flow.Provider is { } provider && provider != code.Provider))
        {
            return LoginResult.Rejected("this login was not started in this browser, or took longer than ten minutes");
        }

        // Each code is asked of the provider, whoever made it up.
        var verdict = await verifier.JudgeText(
            stop => throttle.BeginProof(new ProofTry(flow.Tenant, flow.Authenticator, reply.Code), reply.ClientAddress, stop),
            stop => code.Redeem(flow, reply.Code, reply.Callback, reply.Issuer, stop),
            cancellation);
        var result = await verifier.Conclude(
            () => flow.UserCode is { } userCode && verdict.Identity is { } identity
                ? Approve(flow, userCode, reply.ClientAddress, identity)
                : issuer.Open(
                    new LoginRequest
                    {
                        Tenant = reply.Tenant, Service = reply.Service, Credentials = LoginCredentials.Anonymous, Offline = true,
                        ClientAddress = reply.ClientAddress, Administers = flow.Administers, MaxLifetime = reply.MaxLifetime,
                    },
                    verdict,
                    cancellation),
            cancellation);
        return flows.Named(flow.Tenant, result with { Judge = flow.Authenticator });
    }

    public ValueTask<DeviceLoginStart?> BeginDevice(string tenant, string clientAddress, CancellationToken cancellation = default) =>
        devices.Begin(tenant, clientAddress, administers: false);

    public ValueTask<DeviceLoginStart?> BeginDeviceLogin(
        string tenant, string clientAddress, bool administers, CancellationToken cancellation = default) =>
        devices.Begin(tenant, clientAddress, administers);

    public ValueTask<DeviceSearch> SearchDevice(
        string tenant, string userCode, string clientAddress, CancellationToken cancellation = default) =>
        devices.Search(tenant, userCode, clientAddress);

    public async ValueTask<string?> FindDevice(string tenant, string userCode, CancellationToken cancellation = default) =>
        (await devices.Search(tenant, userCode, "")).Address;

    private async ValueTask<LoginResult> Approve(LoginFlow flow, string userCode, string clientAddress, VerifiedIdentity identity)
    {
        if (IsForAdministration(userCode) && !ProofTime.IsRecent(ProofTime.Of(identity), time.GetUtcNow()))
        {
            return LoginResult.Rejected(ProofTime.TooOld) with { Authenticator = identity.Authenticator, Subject = identity.Subject };
        }

        return await devices.Approve(flow.Tenant, userCode, clientAddress, identity) switch
        {
            true => new LoginResult
            {
                Status = LoginStatus.Granted, Authenticator = identity.Authenticator, Subject = identity.Subject,
                Administers = DeviceUserCode.Administers(userCode),
            },
            false => LoginResult.Rejected("no device is waiting for this code anymore; start again on the device"),
            null => AccessTokenIssuer.Failure(Verdict.TooMany),
        };
    }

    private static bool IsForAdministration(string? userCode) => userCode is not null && DeviceUserCode.Administers(userCode);

    private static bool SameState(LoginFlow flow, InteractiveLoginReply reply) =>
        CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(flow.State), Encoding.UTF8.GetBytes(reply.State));
}
