using Orleans.Concurrency;
using RegistryProxy.Grains.Interfaces;

namespace RegistryProxy.Grains.Login;

/// <summary>Logins that come by no relay. Many of them work side by side; none keeps anything.</summary>
[StatelessWorker, Reentrant, GrainType("login")]
internal sealed class LoginGrain(LoginDesk desk) : Grain, ILoginGrain
{
    public ValueTask<LoginResult> Login(LoginRequest request, CancellationToken cancellation = default) =>
        desk.Login(request, cancellation);

    public ValueTask<string?> CreateNonce(string tenant, string authenticator, CancellationToken cancellation = default) =>
        desk.CreateNonce(tenant, authenticator);
}
