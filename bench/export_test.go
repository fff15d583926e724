package bench

// Checked returns the options as they are measured.
func (o Options) Checked() (Options, error) {
	err := o.check()
	return o, err
}
