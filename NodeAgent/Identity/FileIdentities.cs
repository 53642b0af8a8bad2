using RegistryProxy.NodeAgent.Sessions;
using RegistryProxy.NodeAgent.Settings;

namespace RegistryProxy.NodeAgent.Identity;

/// <summary>A projected service account token, read anew each time since kubelet renews it.</summary>
internal sealed class KubernetesIdentity(IdentitySettings settings) : IIdentity
{
    public async Task<Outcome<RegistryCredential>> LogIn(RegistryTokenClient registry, CancellationToken cancellation) =>
        new SecretFile(settings.TokenFile, null, null).Read() is { } token
            ? await registry.OpenSession(Proof.Exchange(settings.Authenticator, token), cancellation)
            : RegistryFailure.NoProof($"the token file {settings.TokenFile} is empty or cannot be read (identity.tokenFile)");
}

/// <summary>A user name and password.</summary>
internal sealed class PasswordIdentity(IdentitySettings settings) : IIdentity
{
    public async Task<Outcome<RegistryCredential>> LogIn(RegistryTokenClient registry, CancellationToken cancellation) =>
        settings.Password?.Read() is { } password
            ? await registry.OpenSession(Proof.Password(settings.Username, password), cancellation)
            : RegistryFailure.NoProof($"the password of {settings.Username} is empty or cannot be read (identity.password)");
}
