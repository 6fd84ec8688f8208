// SPDX-License-Identifier: GPL-2.0
/*
 * ADC controller of the Tatu chip: eight channels of 12 bits, each with its
 * own reference. The reference is the scale that is written: millivolts of
 * one step.
 */
#include <linux/iio/iio.h>
#include <linux/io.h>
#include <linux/math64.h>
#include <linux/mod_devicetable.h>
#include <linux/platform_device.h>

#define ADC_SAMPLE(n) (0x00 + 4 * (n))
#define ADC_REFERENCE(n) (0x20 + 4 * (n))
#define ADC_STATUS 0x40
#define ADC_STEPS 4096
#define ADC_REFERENCE_MAX_UV 2500000
#define UV_IN_MV 1000
#define NANO 1000000000

struct tatu_adc {
	void __iomem *registers;
	struct mutex lock; /* a write and its status */
};

#define CHANNEL(n)                                                     \
	{                                                              \
		.type = IIO_VOLTAGE, .indexed = 1, .channel = n,       \
		.info_mask_separate = BIT(IIO_CHAN_INFO_RAW) |         \
				      BIT(IIO_CHAN_INFO_SCALE),        \
	}

static const struct iio_chan_spec tatu_adc_channels[] = {
	CHANNEL(0), CHANNEL(1), CHANNEL(2), CHANNEL(3),
	CHANNEL(4), CHANNEL(5), CHANNEL(6), CHANNEL(7),
};

static int tatu_adc_read_raw(struct iio_dev *dev,
			     struct iio_chan_spec const *channel, int *val,
			     int *val2, long what)
{
	struct tatu_adc *s = iio_priv(dev);

	switch (what) {
	case IIO_CHAN_INFO_RAW:
		*val = readl(s->registers + ADC_SAMPLE(channel->channel));
		return IIO_VAL_INT;
	case IIO_CHAN_INFO_SCALE:
		*val = readl(s->registers + ADC_REFERENCE(channel->channel));
		*val2 = ADC_STEPS * UV_IN_MV;
		return IIO_VAL_FRACTIONAL;
	default:
		return -EINVAL;
	}
}

/* Microvolts of full scale; 0 is not possible and is what the chip refuses. */
static u32 tatu_adc_reference(int millivolts, int nano)
{
	u64 step_nano, microvolts;

	if (millivolts < 0 || nano < 0 ||
	    millivolts > ADC_REFERENCE_MAX_UV / UV_IN_MV)
		return 0;
	step_nano = (u64)millivolts * NANO + nano;
	microvolts = div_u64(step_nano * ADC_STEPS + NANO / UV_IN_MV / 2,
			     NANO / UV_IN_MV);
	return microvolts > ADC_REFERENCE_MAX_UV ? 0 : microvolts;
}

static int tatu_adc_write_raw(struct iio_dev *dev,
			      struct iio_chan_spec const *channel, int val,
			      int val2, long what)
{
	struct tatu_adc *s = iio_priv(dev);
	u32 refused;

	if (what != IIO_CHAN_INFO_SCALE)
		return -EINVAL;
	mutex_lock(&s->lock);
	writel(tatu_adc_reference(val, val2),
	       s->registers + ADC_REFERENCE(channel->channel));
	refused = readl(s->registers + ADC_STATUS);
	mutex_unlock(&s->lock);
	return refused ? -ERANGE : 0;
}

static int tatu_adc_write_raw_get_fmt(struct iio_dev *dev,
				      struct iio_chan_spec const *channel,
				      long what)
{
	return IIO_VAL_INT_PLUS_NANO;
}

static const struct iio_info tatu_adc_info = {
	.read_raw = tatu_adc_read_raw,
	.write_raw = tatu_adc_write_raw,
	.write_raw_get_fmt = tatu_adc_write_raw_get_fmt,
};

static int tatu_adc_probe(struct platform_device *pdev)
{
	struct iio_dev *dev;
	struct tatu_adc *s;

	dev = devm_iio_device_alloc(&pdev->dev, sizeof(*s));
	if (!dev)
		return -ENOMEM;
	s = iio_priv(dev);
	mutex_init(&s->lock);
	s->registers = devm_platform_ioremap_resource(pdev, 0);
	if (IS_ERR(s->registers))
		return PTR_ERR(s->registers);
	dev->name = "adc-tatu";
	dev->info = &tatu_adc_info;
	dev->modes = INDIO_DIRECT_MODE;
	dev->channels = tatu_adc_channels;
	dev->num_channels = ARRAY_SIZE(tatu_adc_channels);
	return devm_iio_device_register(&pdev->dev, dev);
}

static const struct of_device_id tatu_adc_match[] = {
	{ .compatible = "tatu,adc" },
	{}
};

static struct platform_driver tatu_adc_driver = {
	.driver = {
		.name = "adc-tatu",
		.of_match_table = tatu_adc_match,
		.suppress_bind_attrs = true,
	},
	.probe = tatu_adc_probe,
};
builtin_platform_driver(tatu_adc_driver);
