using System.CommandLine;
using System.Net.Sockets;
using RegistryProxy.Configuration;
using RegistryProxy.Configuration.Reading;
using RegistryProxy.Files;
using RegistryProxy.Protocol;

namespace RegistryProxy.ServiceDefaults.Commands;

/// <summary>
/// <c>health</c>: asks <c>/readyz</c> of the host that runs on this machine and prints the answer, for the health checks of containers
/// whose image has neither a shell nor curl. Exits 0 when the host is ready, else 1.
/// </summary>
internal static class HealthCommand
{
    /// <summary>From the connection to the end of the answer.</summary>
    private static readonly TimeSpan ProbeTimeout = TimeSpan.FromSeconds(4);

    /// <summary>The longest answer of <c>/readyz</c> that is printed, in bytes.</summary>
    private const int MaxReply = 64 * 1024;

    /// <param name="config">The file whose <c>listen.admin</c> is asked; without a usable one, the default address is.</param>
    /// <param name="admin">The address of the admin listener, in place of the one of the file.</param>
    public static Command Create(Option<string?> config, Option<Uri?> admin)
    {
        var health = new Command("health", "Asks /readyz of the host that runs on this machine; exits 0 when it is ready, else 1")
        {
            admin
        };
        health.SetAction((arguments, cancellation) => Ask(
            arguments.GetValue(admin) ?? Configured(arguments.GetValue(config) ?? HostCommand.ConfigOfEnvironment), cancellation));
        return health;
    }

    private static async Task<int> Ask(Uri listener, CancellationToken cancellation)
    {
        var address = $"http://{Reachable(listener)}:{listener.Port}/readyz";
        using var handler = new SocketsHttpHandler { UseProxy = false, UseCookies = false, AllowAutoRedirect = false };
        using var http = WholeAnswers.Client(handler, MaxReply, ProbeTimeout);
        try
        {
            using var response = await http.GetAsync(address, cancellation);
            Console.WriteLine(await response.Content.ReadText(MaxReply, cancellation));
            return response.IsSuccessStatusCode ? 0 : 1;
        }
        catch (Exception fault) when (fault is HttpRequestException or OperationCanceledException or SocketException)
        {
            Console.Error.WriteLine(
                $"{address} does not answer: {fault.Message}; --listen-admin or listen.admin of --config says where the host listens");
            return 1;
        }
    }

    /// <summary>A broken file does not make a running host unhealthy: it goes on with its last good configuration.</summary>
    private static Uri Configured(string? path) =>
        (string.IsNullOrEmpty(path) ? null : AdminListener.Of(path)) ?? new ListenConfiguration().Admin;

    /// <summary>A listener on every address is asked on loopback, by IPv4: containers may have no other.</summary>
    private static string Reachable(Uri listener) => HttpOrigin.Of(listener).Host switch
    {
        "0.0.0.0" or "[::]" => "127.0.0.1",
        var host => host,
    };
}
