using System.Buffers;
using RegistryProxy.ServiceDefaults.Connections;
using RegistryProxy.Tests.Support.Wire;

namespace RegistryProxy.Tests.Listening;

/// <summary>The end of a ClientHello is found in whatever pieces it comes; what is none, or too long, is seen by its first bytes.</summary>
public sealed class HelloScanTests
{
    private static readonly byte[] Change = [20, 3, 3, 0, 1, 1];

    [Theory]
    [InlineData(0)]
    [InlineData(1500)]
    [InlineData(16_000)]
    public void A_hello_is_whole_with_its_last_byte(int padding)
    {
        var hello = HelloBytes.Whole(padding: padding);
        Assert.Equal(HelloState.Incomplete, Read(new HelloScan(), hello[..^1]));
        Assert.Equal(HelloState.Whole, Read(new HelloScan(), hello));
        Assert.Equal(HelloState.Whole, Read(new HelloScan(), [.. hello, .. Change]));
        Assert.Equal(hello.Length, ByteByByte(new HelloScan(), hello, HelloState.Whole));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(100)]
    public void It_may_come_in_many_records(int length)
    {
        byte[] hello = [.. HelloBytes.Message().Chunk(length).SelectMany(static chunk => HelloBytes.Record(chunk))];
        Assert.Equal(HelloState.Whole, Read(new HelloScan(), hello));
        Assert.Equal(hello.Length, ByteByByte(new HelloScan(), hello, HelloState.Whole));
    }

    [Theory]
    [InlineData(HelloScan.MaxBytes + 1)]
    [InlineData(131_396)]
    [InlineData(0xFFFFFF)]
    public void One_that_announces_too_much_is_refused_with_its_head(int length)
    {
        var hello = HelloBytes.Announcing(length);
        Assert.Equal(hello.Length, ByteByByte(new HelloScan(), hello, HelloState.Refused));
        byte[] message = [.. hello.Skip(5)];
        byte[] records = [.. message.Chunk(1).SelectMany(static chunk => HelloBytes.Record(chunk))];
        Assert.Equal(records.Length, ByteByByte(new HelloScan(), records, HelloState.Refused));
        Assert.Equal(HelloState.Refused, Read(new HelloScan(isSecond: true), [.. Change, .. hello]));
    }

    [Fact]
    public void One_that_is_made_longer_by_its_records_is_refused()
    {
        byte[] hello = [.. HelloBytes.Message(padding: 5000).Chunk(1).SelectMany(static chunk => HelloBytes.Record(chunk))];
        Assert.Equal(HelloScan.MaxBytes, ByteByByte(new HelloScan(), hello, HelloState.Refused));
    }

    [Fact]
    public void One_that_something_follows_in_its_record_is_refused()
    {
        var hello = HelloBytes.Message();
        Assert.Equal(HelloState.Refused, Read(new HelloScan(), HelloBytes.Record([.. hello, 1])));
        Assert.Equal(HelloState.Refused, Read(new HelloScan(), HelloBytes.Record([.. hello, 1])[..^1]));
    }

    [Theory]
    [InlineData("GET / HTTP/1.1\r\n", 1)]
    [InlineData("\u0080\u002e\u0001\u0003\u0003", 1)]
    [InlineData("\u0015\u0003\u0001", 1)]
    [InlineData("\u0016\u0002\u0001", 2)]
    [InlineData("\u0016\u0003\u0001\0\0", 5)]
    [InlineData("\u0016\u0003\u0001\u00ff\u00ff", 5)]
    [InlineData("\u0016\u0003\u0001\0\u0004\u0002", 6)]
    [InlineData("\u0014\u0003\u0003\0\u0001\u0001", 1)]
    public void Something_else_is_refused_with_its_first_byte_that_differs(string bytes, int seen) =>
        Assert.Equal(seen, ByteByByte(new HelloScan(), [.. bytes.Select(static letter => (byte)letter)], HelloState.Refused));

    [Fact]
    public void A_second_one_may_follow_a_change_of_ciphers()
    {
        Assert.Equal(HelloState.Whole, Read(new HelloScan(isSecond: true), HelloBytes.Whole()));
        byte[] both = [.. Change, .. HelloBytes.Whole()];
        Assert.Equal(both.Length, ByteByByte(new HelloScan(isSecond: true), both, HelloState.Whole));
        Assert.Equal(HelloState.Refused, Read(new HelloScan(isSecond: true), [20, 3, 3, 0, 2, 1, 1]));
    }

    private static HelloState Read(HelloScan scan, byte[] bytes) => scan.Read(new ReadOnlySequence<byte>(bytes));

    /// <summary>How many bytes are seen before it is as expected.</summary>
    private static int ByteByByte(HelloScan scan, byte[] bytes, HelloState expected)
    {
        for (var i = 0; i < bytes.Length; i++)
        {
            if (Read(scan, [bytes[i]]) != HelloState.Incomplete)
            {
                Assert.Equal(expected, scan.State);
                return i + 1;
            }
        }

        return -1;
    }
}
