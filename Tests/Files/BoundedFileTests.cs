using RegistryProxy.Configuration;
using RegistryProxy.Configuration.Authenticators;
using RegistryProxy.Configuration.Reading;
using RegistryProxy.Files;
using RegistryProxy.NodeAgent.Settings;
using RegistryProxy.Tests.Support.Processes;

namespace RegistryProxy.Tests.Files;

public sealed class BoundedFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Fact]
    public async Task What_is_no_readable_file_is_an_error_at_once_for_every_reader()
    {
        (await Shell.Run("mkfifo", [_folder.File("pipe")])).ShouldSucceed();
        Directory.CreateDirectory(_folder.File("folder"));
        File.CreateSymbolicLink(_folder.File("circle"), _folder.File("circle"));
        File.CreateSymbolicLink(_folder.File("endless"), "/dev/zero");
        File.WriteAllBytes(_folder.File("binary"), [0xFE, 0xFF, 0x00, 0x80]);
        File.WriteAllBytes(_folder.File("huge"), new byte[HtpasswdFile.MaxBytes + 1]);
        foreach (var name in new[] { "pipe", "folder", "circle", "endless", "binary", "huge", "missing", "folder/below", "binary/below",
            new string('n', 300), "nul\0" })
        {
            var path = _folder.File(name);
            Assert.NotEmpty(Assert.ThrowsAny<IOException>(() => BoundedFile.ReadText(path)).Message);
            Assert.NotEmpty(ConfigurationFile.Read(path).Errors);
            Assert.NotEmpty(SettingsFile.Read(path).Errors);
            Assert.False(HtpasswdFile.TryRead(path, out _, out var problems));
            Assert.NotEmpty(problems);
            Assert.Throws<SecretUnavailableException>(() => new FileSecret(path).Read());
            Assert.Null(new SecretFile(path, null, null).Read());
            Assert.ThrowsAny<Exception>(() => CertificateFiles.Load(path));
        }
    }

    [Fact]
    public void A_file_is_read_whole_up_to_its_bound_whatever_its_length_says()
    {
        Assert.Contains("Uid:", BoundedFile.ReadText("/proc/self/status"));
        File.WriteAllBytes(_folder.File("full"), new byte[1000]);
        Assert.Equal(1000, BoundedFile.Read(_folder.File("full"), 1000).Length);
        Assert.Contains("larger than 999", Assert.Throws<IOException>(() => BoundedFile.Read(_folder.File("full"), 999)).Message);
        Assert.Empty(BoundedFile.Read(_folder.Write("empty", "")));
    }

    [Fact]
    public void A_byte_order_mark_is_no_part_of_the_text_and_line_ends_stay()
    {
        File.WriteAllBytes(_folder.File("mark"), [0xEF, 0xBB, 0xBF, .. "a\r\nb"u8]);
        Assert.Equal("a\r\nb", BoundedFile.ReadText(_folder.File("mark")));
        File.WriteAllBytes(_folder.File("latin"), [.. "a: 1\nb: "u8, 0xE9]);
        Assert.Contains("line 2", Assert.Throws<IOException>(() => BoundedFile.ReadText(_folder.File("latin"))).Message);
    }

    [Fact]
    public void A_password_file_that_is_written_now_is_not_one_without_users()
    {
        Assert.False(HtpasswdFile.TryRead(_folder.Write("htpasswd", ""), out _, out var problems));
        Assert.Contains("no users", Assert.Single(problems));
    }

    public void Dispose() => _folder.Dispose();
}
