pub(crate) enum Layer {
  Background,
  Foreground,
}
