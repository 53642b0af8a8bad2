using System.Text.Json;
using RegistryProxy.NodeAgent.Control;
using RegistryProxy.NodeAgent.Settings;
using RegistryProxy.Protocol;

namespace RegistryProxy.NodeAgent.CredentialHelper;

/// <summary>
/// The protocol of docker's credential helpers: one word, standard input, standard output. Errors go to standard output with exit code 1,
/// and some of their texts have a meaning.
/// </summary>
internal sealed class Helper(
    CredentialFile stored, Func<AgentSettings?> settings, TimeProvider time, TextReader input, TextWriter output, TextWriter terminal)
{
    /// <summary>The longest standard input, in characters.</summary>
    private const int MaxInput = 64 * 1024;

    private const string NotFound = "credentials not found in native keychain";
    private const string NoServer = "no credentials server URL";
    private const string NoUser = "no credentials username";

    /// <summary>Runs one action; returns the exit code.</summary>
    public async Task<int> Run(string action, string? host, CancellationToken cancellation)
    {
        try
        {
            return action switch
            {
                "get" => await Get(cancellation),
                "store" => await Store(cancellation),
                "erase" => await Erase(cancellation),
                "list" => await List(),
                "login" => await LogIn(host ?? "", cancellation),
                _ => await Fail($"'{action}' must be get, store, erase, list or login"),
            };
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return await Fail(fault.Message);
        }
    }

    /// <exception cref="IOException">It is longer than docker's ever is.</exception>
    private async Task<string> Input(CancellationToken cancellation)
    {
        var text = new char[MaxInput + 1];
        var length = await input.ReadBlockAsync(text, cancellation);
        return length <= MaxInput ? new string(text, 0, length)
            : throw new IOException($"standard input has more than {MaxInput} characters");
    }

    private async Task<int> Get(CancellationToken cancellation)
    {
        if (HostOf(await Input(cancellation)) is not { Length: > 0 } host)
        {
            return await Fail(NoServer);
        }

        if (stored.Read().GetValueOrDefault(host) is { } known && (known.Expires is null || known.Expires > time.GetUtcNow()))
        {
            return await Write(known with { Expires = null });
        }

        return await LogIn(host, cancellation);
    }

    /// <summary>
    /// Proves who this job, machine or person is to the front door of a host, and keeps what a person had to be asked for.
    /// </summary>
    private async Task<int> LogIn(string host, CancellationToken cancellation)
    {
        if (settings() is not { } known)
        {
            return await Fail(NotFound);
        }

        var reply = await CredentialLookup.Find(known, new CredentialQuestion(null, host), time, cancellation);
        if (reply.Failure is { } failure)
        {
            // docker pulls without a credential then and does not repeat what it was told.
            await terminal.WriteLineAsync($"docker-credential-registryproxy: no login at {failure}");
            return await Fail($"no login at {failure}");
        }

        if (reply.Username is null)
        {
            return await Fail(NotFound);
        }

        var credential = new HelperCredential
            { ServerUrl = host, Username = reply.Username, Secret = reply.Password, Expires = reply.Expires };
        if (known.FrontDoors.Any(
            registry => HttpOrigin.Of(registry.Url).IsNamed(host) && registry.Identity is { Kind: IdentityKind.Device }))
        {
            await stored.Change(all => all[host] = credential, time, cancellation);
        }

        return await Write(credential with { Expires = null });
    }

    private async Task<int> Store(CancellationToken cancellation)
    {
        HelperCredential? credential = null;
        try
        {
            credential = JsonSerializer.Deserialize(await Input(cancellation), HelperJson.Default.HelperCredential);
        }
        catch (JsonException)
        {
            return await Fail("standard input must contain ServerURL, Username and Secret as JSON");
        }

        if (HostOf(credential?.ServerUrl ?? "") is not { Length: > 0 } host)
        {
            return await Fail(NoServer);
        }

        if (credential is not { Username.Length: > 0 })
        {
            return await Fail(NoUser);
        }

        await stored.Change(all => all[host] = credential with { Expires = null }, time, cancellation);
        return 0;
    }

    private async Task<int> Erase(CancellationToken cancellation)
    {
        if (HostOf(await Input(cancellation)) is not { Length: > 0 } host)
        {
            return await Fail(NoServer);
        }

        await stored.Change(all => all.Remove(host), time, cancellation);
        return 0;
    }

    private async Task<int> List()
    {
        var users = stored.Read().ToDictionary(entry => entry.Value.ServerUrl ?? entry.Key, entry => entry.Value.Username ?? "");
        await output.WriteLineAsync(JsonSerializer.Serialize(users, HelperJson.Default.DictionaryStringString));
        return 0;
    }

    private async Task<int> Write(HelperCredential credential)
    {
        await output.WriteLineAsync(JsonSerializer.Serialize(credential, HelperJson.Default.HelperCredential));
        return 0;
    }

    private async Task<int> Fail(string message)
    {
        await output.WriteLineAsync(message);
        return 1;
    }

    /// <summary>The host of what docker calls a server: with or without a scheme and a path.</summary>
    private static string HostOf(string server)
    {
        var text = server.Trim();
        var scheme = text.IndexOf("://", StringComparison.Ordinal);
        return (scheme < 0 ? text : text[(scheme + 3)..]).Split('/')[0];
    }
}
