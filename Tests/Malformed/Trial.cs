using System.Net;
using System.Net.Sockets;
using System.Text;
using RegistryProxy.Tests.Support.Wire;

namespace RegistryProxy.Tests.Malformed;

/// <summary>
/// One request on a connection of its own, and another behind it: either the connection ends, or the second gets the one answer that is its
/// own.
/// </summary>
internal static class Trial
{
    private const string FollowUp = "GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

    /// <summary>How long a server that waits for more is waited for.</summary>
    private static readonly TimeSpan Silence = TimeSpan.FromMilliseconds(60);

    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(60);

    /// <summary>What is wrong with what came back; <c>null</c> when nothing is.</summary>
    public static async Task<string?> Run(Uri server, Family family, Noise noise)
    {
        var request = family.Make(noise);
        var answer = await Exchange(server, family, Encoding.Latin1.GetBytes(request), noise);
        var problem = answer is null ? "it was neither answered nor closed" : Classify(family, answer);
        return problem is null ? null : $"{family}: {problem}\n--- {Show(request)}\n--- {Show(answer ?? "")}";
    }

    private static async Task<string?> Exchange(Uri server, Family family, byte[] request, Noise noise)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };

        // Ports of one address would be used up, since each stays taken for a while.
        socket.Bind(new IPEndPoint(new IPAddress([127, 0, (byte)noise.Next(1, 250), (byte)noise.Next(1, 250)]), 0));
        await socket.ConnectAsync(IPAddress.Loopback, server.Port);
        await using var wire = await ClientStream.Over(socket, server);
        try
        {
            await Send(wire, family, request, noise);
            if (family.IsLeft)
            {
                socket.LingerState = new LingerOption(noise.Coin(), 0);
                return "";
            }

            await wire.WriteAsync(Encoding.Latin1.GetBytes(FollowUp));
        }
        catch (IOException)
        {
            // It is closed already; what it said before can still be read.
        }

        return await Read(wire, family.MayWait);
    }

    private static async Task Send(Stream wire, Family family, byte[] request, Noise noise)
    {
        for (var sent = 0; sent < request.Length;)
        {
            var piece = family.IsTrickled ? 1 : noise.Next(0, 4) == 0 ? noise.Next(1, request.Length - sent + 1) : request.Length - sent;
            await wire.WriteAsync(request.AsMemory(sent, piece));
            sent += piece;
        }
    }

    private static async Task<string?> Read(Stream wire, bool mayWait)
    {
        var answer = new StringBuilder();
        var buffer = new byte[16 * 1024];
        using var late = new CancellationTokenSource();
        try
        {
            while (true)
            {
                late.CancelAfter(mayWait ? Silence : Timeout);
                if (await wire.ReadAsync(buffer, late.Token) is not (> 0 and var read))
                {
                    return answer.ToString();
                }

                answer.Append(Encoding.Latin1.GetString(buffer, 0, read));
            }
        }
        catch (IOException)
        {
            return answer.ToString();
        }
        catch (OperationCanceledException)
        {
            return mayWait ? answer.ToString() : null;
        }
    }

    private static string? Classify(Family family, string text)
    {
        var answers = Answer.ReadAll(text, out var rest);
        var own = answers.Count(answer => answer.IsFollowUp);
        return rest.Length > 0 && !family.IsHttp2 ? $"what came back is no answer: {Show(rest)}"
            : answers.Find(answer => answer.Status is >= 500 and not (501 or 505)) is { } fault ? $"it is answered {fault.Status}"
            : answers.Exists(answer => answer.Body.Contains("\"keys\"")) ? "a request that it hides was answered"
            : answers.Count > family.Answers + 1 ? $"it has {answers.Count} answers"
            : own > 1 || (own == 1 && !answers[^1].IsFollowUp) ? "the connection is out of step"
            : own == 0 && answers.Count > family.Answers ? "the next request got another's answer"
            : family.IsRefused && (own > 0 || answers.Count != family.Answers || answers[^1].Status is < 400 or >= 500 and not (501 or 505))
                && text.Length > 0 ? "it is not refused, or its connection goes on"
            : null;
    }

    private static string Show(string text) =>
        (text.Length > 600 ? text[..600] + "…" : text).Replace("\0", "\\0").Replace("\r", "\\r").Replace("\n", "\\n\n");
}
