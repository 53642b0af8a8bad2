using RegistryProxy.Configuration.Reading.Values;
using RegistryProxy.Files.Yaml;

namespace RegistryProxy.Configuration.Reading;

/// <summary><c>cache</c></summary>
internal static class CacheReader
{
    public static CacheConfiguration? Read(Field field, ReadingContext context)
    {
        if (!field.IsPresent || field.Map() is not { } map)
        {
            return null;
        }

        var otherwise = new CacheConfiguration { Path = "" };
        var cache = new CacheConfiguration
        {
            Path = context.Absolute(map["path"]),
            MaxBytes = map["maxBytes"].Size(otherwise.MaxBytes),
            TagTtl = map["tagTtl"].Duration(otherwise.TagTtl, TimeSpan.Zero, TimeSpan.FromDays(1)),
            StaleIfError = map["staleIfError"].Duration(otherwise.StaleIfError, TimeSpan.Zero, TimeSpan.FromDays(30)),
            SendFile = map["sendFile"].Flag(otherwise.SendFile),
        };
        map.RefuseOthers();
        if (cache.Path.Length > 0 && File.Exists(cache.Path))
        {
            map["path"].Warn($"{cache.Path} is a file, not a folder");
        }

        return cache;
    }
}
