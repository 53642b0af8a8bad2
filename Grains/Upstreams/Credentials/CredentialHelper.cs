using System.ComponentModel;
using System.Diagnostics;
using System.Text.Json;
using RegistryProxy.Configuration;
using RegistryProxy.Grains.Upstreams.Secrets;

namespace RegistryProxy.Grains.Upstreams.Credentials;

/// <summary>Runs a Docker credential helper: <c>get</c>, the server on stdin, JSON on stdout (docker-credential-helpers).</summary>
internal static class CredentialHelper
{
    private const int MaxAnswer = 64 * 1024;

    /// <summary>ENOENT.</summary>
    private const int NoSuchFile = 2;

    /// <summary>How long the program may take: less than callers wait for a token.</summary>
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(4);

    /// <summary>Asks the program.</summary>
    /// <exception cref="SecretUnavailableException">It cannot be run, fails, hangs or says nothing of use. What it printed is never
    /// repeated.</exception>
    public static async Task<UpstreamSecret> Get(string program, string server, TimeProvider time)
    {
        var name = Path.GetFileName(program);
        using var limit = new CancellationTokenSource(Limit, time);
        using var process = Start(program, name);
        try
        {
            var errors = Drain(process.StandardError, limit.Token);
            await process.StandardInput.WriteAsync(server.AsMemory(), limit.Token);
            process.StandardInput.Close();
            var answer = await Drain(process.StandardOutput, limit.Token);
            await process.WaitForExitAsync(limit.Token);
            await errors;
            return process.ExitCode == 0 ? Parse(answer, name) : throw Unusable(name, $"ended with {process.ExitCode}");
        }
        catch (OperationCanceledException)
        {
            throw Unusable(name, $"did not answer within {Limit.TotalSeconds} s");
        }
        catch (IOException)
        {
            throw Unusable(name, "closed its input");
        }
        finally
        {
            Kill(process);
        }
    }

    private static Process Start(string program, string name)
    {
        var start = new ProcessStartInfo(program, ["get"])
        {
            RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true,
        };
        try
        {
            return Process.Start(start) ?? throw Unusable(name, "could not be started");
        }
        catch (Win32Exception fault)
        {
            throw Unusable(name, fault.NativeErrorCode == NoSuchFile
                ? "is not installed: set its path, or add it to the silo's PATH"
                : $"could not be started (error {fault.NativeErrorCode})");
        }
    }

    /// <summary>Reads to the end, and keeps no more than an answer may have.</summary>
    private static async Task<string> Drain(StreamReader reader, CancellationToken cancellation)
    {
        var buffer = new char[MaxAnswer];
        var kept = 0;
        var rest = new char[1024];
        while (kept < MaxAnswer && await reader.ReadAsync(buffer.AsMemory(kept), cancellation) is var read and > 0)
        {
            kept += read;
        }

        while (kept == MaxAnswer && await reader.ReadAsync(rest.AsMemory(), cancellation) > 0)
        {
        }

        return new string(buffer, 0, kept);
    }

    private static UpstreamSecret Parse(string answer, string name)
    {
        try
        {
            using var document = JsonDocument.Parse(answer);
            var root = document.RootElement;
            if (root.GetProperty("Username").GetString() is { } user && root.GetProperty("Secret").GetString() is { Length: > 0 } secret)
            {
                return UpstreamSecret.OfPair(user, secret);
            }
        }
        catch (Exception fault) when (fault is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            // Said below.
        }

        throw Unusable(name, "did not print a JSON object with Username and Secret");
    }

    private static void Kill(Process process)
    {
        if (!process.HasExited)
        {
            process.Kill(entireProcessTree: true);
        }
    }

    private static SecretUnavailableException Unusable(string name, string what) => new("the credential helper", name, what);
}
