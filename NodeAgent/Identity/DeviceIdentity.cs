using System.Text.Json;
using RegistryProxy.Background;
using RegistryProxy.NodeAgent.Sessions;

namespace RegistryProxy.NodeAgent.Identity;

/// <summary>A person logs in with a browser somewhere (RFC 8628); the address and code are written to the terminal.</summary>
internal sealed class DeviceIdentity(TimeProvider time) : IIdentity
{
    /// <summary>As long as a code counts.</summary>
    public TimeSpan Timeout => TimeSpan.FromMinutes(15);

    public async Task<Outcome<RegistryCredential>> LogIn(RegistryTokenClient registry, CancellationToken cancellation) =>
        Console.IsErrorRedirected
        ? RegistryFailure.NoProof(
            $"a person must log in at {registry.Authority} and there is no terminal; run `docker-credential-registryproxy login "
                + $"{registry.Authority}` in one")
        : await Prompt(registry, Console.Error, cancellation);

    /// <summary>Shows the code and waits until the person has logged in.</summary>
    public async Task<Outcome<RegistryCredential>> Prompt(RegistryTokenClient registry, TextWriter terminal, CancellationToken cancellation)
    {
        if (!(await registry.PostForm("/login/device", [], cancellation)).Succeeded(out var answer, out var failure))
        {
            return failure;
        }

        using var start = JsonDocument.Parse(answer);
        var device = start.RootElement;
        var (address, shown) = (device.GetProperty("verification_uri").GetString(), device.GetProperty("user_code").GetString());
        var code = device.GetProperty("device_code").GetString() ?? "";
        var interval = TimeSpan.FromSeconds(device.TryGetProperty("interval", out var seconds) ? seconds.GetInt32() : 5);
        var end = time.GetSteadyNow() + TimeSpan.FromSeconds(device.GetProperty("expires_in").GetInt32());
        await terminal.WriteLineAsync($"To log in at {registry.Authority}, open {address} and type {shown}");
        while (time.GetSteadyNow() < end)
        {
            await Task.Delay(interval, time, cancellation);
            var outcome = await Redeem(registry, code, cancellation);
            if (outcome.Succeeded(out _, out failure) || failure.Code is not ("authorization_pending" or "slow_down"))
            {
                return outcome;
            }

            interval += failure.Code == "slow_down" ? TimeSpan.FromSeconds(5) : TimeSpan.Zero;
        }

        return RegistryFailure.Refused("the code expired before anybody logged in");
    }

    private static async Task<Outcome<RegistryCredential>> Redeem(RegistryTokenClient registry, string code, CancellationToken cancellation)
    {
        var answer = await registry.Post(
            "/token", [new("grant_type", "urn:ietf:params:oauth:grant-type:device_code"), new("device_code", code)], cancellation);
        if (!answer.Succeeded(out var reply, out var failure))
        {
            return failure;
        }

        return reply.RefreshToken is { Length: > 0 } session
            ? registry.Session(session, reply)
            : RegistryFailure.Refused($"{registry.Authority} ended the login without a session");
    }
}
