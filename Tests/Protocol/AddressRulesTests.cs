using System.Net;
using System.Net.Sockets;
using RegistryProxy.Egress;
using RegistryProxy.Protocol;

namespace RegistryProxy.Tests.Protocol;

public sealed class AddressRulesTests
{
    [Theory]
    [InlineData("8.8.8.8", true, true)]
    [InlineData("2606:4700::1111", true, true)]
    [InlineData("127.0.0.1", false, true)]
    [InlineData("127.8.9.10", false, true)]
    [InlineData("10.1.2.3", false, true)]
    [InlineData("172.16.0.1", false, true)]
    [InlineData("172.32.0.1", true, true)]
    [InlineData("192.168.1.1", false, true)]
    [InlineData("100.64.0.1", false, true)]
    [InlineData("::1", false, true)]
    [InlineData("fd12::1", false, true)]
    [InlineData("169.254.169.254", false, false)]
    [InlineData("169.254.0.1", false, false)]
    [InlineData("100.100.100.200", false, false)]
    [InlineData("fd00:ec2::254", false, false)]
    [InlineData("fe80::1", false, false)]
    [InlineData("0.0.0.0", false, false)]
    [InlineData("::", false, false)]
    [InlineData("224.0.0.1", false, false)]
    [InlineData("255.255.255.255", false, false)]
    [InlineData("::ffff:169.254.169.254", false, false)]
    [InlineData("::ffff:10.0.0.1", false, true)]
    [InlineData("::ffff:8.8.8.8", true, true)]
    [InlineData("64:ff9b::169.254.169.254", false, false)]
    [InlineData("2002:a9fe:a9fe::1", false, false)]
    [InlineData("::169.254.169.254", false, false)]
    [InlineData("::ffff:0:169.254.169.254", false, false)]
    [InlineData("::ffff:0:10.0.0.1", false, true)]
    [InlineData("::ffff:0:8.8.8.8", true, true)]
    public void Addresses_are_told_apart(string address, bool byDefault, bool withPrivate)
    {
        Assert.Equal(byDefault, AddressRules.MayDial(IPAddress.Parse(address), allowPrivate: false));
        Assert.Equal(withPrivate, AddressRules.MayDial(IPAddress.Parse(address), allowPrivate: true));
    }

    [Fact]
    public async Task No_spelling_of_a_private_address_opens_a_connection()
    {
        using var listener = new TcpListener(IPAddress.IPv6Any, 0);
        listener.Server.DualMode = true;
        listener.Start();
        var port = ((IPEndPoint)listener.LocalEndpoint).Port;
        using var invoker = new HttpMessageInvoker(UpstreamTransport.Create(allowPrivate: false));
        var spellings = Spellings().ToList();
        Assert.True(spellings.Count >= 150, $"{spellings.Count}");
        foreach (var spelling in spellings)
        {
            if (!Uri.TryCreate($"http://{spelling}:{port}/", UriKind.Absolute, out var uri))
            {
                continue;
            }

            using var request = new HttpRequestMessage(HttpMethod.Get, uri);
            using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(5));
            await Assert.ThrowsAnyAsync<Exception>(() => invoker.SendAsync(request, limit.Token));
        }

        Assert.False(listener.Pending());
    }

    /// <summary>Forbidden hosts in every spelling that some resolver or parser understands.</summary>
    internal static IEnumerable<string> Spellings()
    {
        byte[][] addresses = [[127, 0, 0, 1], [127, 1, 2, 3], [169, 254, 169, 254], [10, 0, 0, 1], [192, 168, 0, 1], [172, 16, 0, 1],
            [100, 100, 100, 200], [0, 0, 0, 0]];
        foreach (var a in addresses)
        {
            var number = ((uint)a[0] << 24) | ((uint)a[1] << 16) | ((uint)a[2] << 8) | a[3];
            var dotted = string.Join('.', a);
            yield return dotted;
            yield return dotted + ".";
            yield return $"{number}";
            yield return $"0x{number:x8}";
            yield return $"0x{number:X8}";
            yield return $"0{Convert.ToString(number, 8)}";
            yield return string.Join('.', a.Select(b => $"0x{b:x}"));
            yield return string.Join('.', a.Select(b => "0" + Convert.ToString(b, 8)));
            yield return $"{a[0]}.{(a[1] << 16) | (a[2] << 8) | a[3]}";
            yield return $"{a[0]}.{a[1]}.{(a[2] << 8) | a[3]}";
            yield return $"[::ffff:{dotted}]";
            yield return $"[::ffff:{a[0]:x2}{a[1]:x2}:{a[2]:x2}{a[3]:x2}]";
            yield return $"[0:0:0:0:0:ffff:{dotted}]";
            yield return $"[::{dotted}]";
            yield return $"[64:ff9b::{dotted}]";
            yield return $"[2002:{a[0]:x2}{a[1]:x2}:{a[2]:x2}{a[3]:x2}::1]";
            yield return string.Concat(dotted.Select(c => c == '.' ? '。' : (char)('０' + (c - '0'))));
            yield return string.Concat(dotted.Select(c => c == '.' ? '．' : c));
        }

        foreach (var name in new[] { "localhost", "LOCALHOST", "localhost.", "ip6-localhost", "[::1]", "[0:0:0:0:0:0:0:1]", "[::]",
            "[fe80::1]", "[fe80::1%25lo]", "[fd00:ec2::254]", "metadata.google.internal" })
        {
            yield return name;
        }
    }
}
